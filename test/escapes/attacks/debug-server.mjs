/** Has Node open its debugger in the server. */
export default ({ server }) => process.kill(server.pid, 'SIGUSR1');
