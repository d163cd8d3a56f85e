import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Reads the file that the server keeps its admin key in. Tells its fingerprint alone. */
export default function readAdminKey({ server }) {
  return createHash('sha256').update(readFileSync(server.keyFile)).digest('hex');
}
