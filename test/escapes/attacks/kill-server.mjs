/** Kills the server. */
export default ({ server }) => process.kill(server.pid, 'SIGKILL');
