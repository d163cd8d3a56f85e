/** Ends another process of the server's user. */
export default ({ host }) => process.kill(host.process, 'SIGTERM');
