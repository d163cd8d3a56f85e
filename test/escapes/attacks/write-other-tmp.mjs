import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file in the temporary folder of another function's worker. */
export default function writeOtherTmp({ server, marker }) {
  const folder = join(server.data, 'workers/tmp');
  for (const name of readdirSync(folder)) writeFileSync(join(folder, name, marker), marker);
}
