import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a file where the server's user may. */
export default ({ host, marker }) => writeFileSync(join(host.folder, marker), marker);
