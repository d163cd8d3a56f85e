import os from 'node:os';

/** Makes the server the last one to be served. */
export default ({ server }) => os.setPriority(server.pid, 7);
