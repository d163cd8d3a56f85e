import { join } from 'node:path';
import Libsql from 'libsql';
import { Client } from 'pg';
import type { RunEnd } from '../../src/contract/records.js';
import type { RunState } from '../../src/contract/words.js';

/** Writes an end whatever the run's fence and state are. */
export async function forceEnd(
  runId: string,
  { state }: RunEnd,
  { dataFolder, url }: { dataFolder: string; url: string | null },
): Promise<RunState> {
  if (url === null) {
    const database = new Libsql(join(dataFolder, 'laneway.db'), { timeout: 5000 });
    database.prepare('update runs set state = ? where id = ?').run([state, runId]);
    database.close();
  } else {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query('update runs set state = $1 where id = $2', [state, runId]);
    await client.end();
  }
  return state;
}
