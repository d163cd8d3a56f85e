import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Reads the environment that the server was started with. Tells its fingerprint alone. */
export default function readServerEnvironment({ server }) {
  return createHash('sha256')
    .update(readFileSync(`/proc/${server.pid}/environ`))
    .digest('hex');
}
