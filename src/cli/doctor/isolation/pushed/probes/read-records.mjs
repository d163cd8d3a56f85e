import { openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Opens the records of all runs and reads how they begin. */
export default function readRecords({ server }) {
  const head = Buffer.alloc(15);
  readSync(openSync(join(server.data, 'laneway.db'), 'r'), head);
  return head.toString('latin1');
}
