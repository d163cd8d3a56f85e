import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file among the server's own code. */
export default ({ server, marker }) => writeFileSync(join(server.code, marker), marker);
