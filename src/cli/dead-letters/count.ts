import type { Static } from 'typebox';
import type { DeadLetterCounts } from '../../contract/api/runs.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { tableOf } from '../table.js';

/** Counts dead letters by function and lane. */
export async function run(_args: readonly string[], _options: object, session: Session): Promise<ExitCode> {
  const client = await session.connect();
  const counts = await client.request<Static<typeof DeadLetterCounts>>('GET', '/api/v1/dead-letters/counts');
  const rows = counts.lanes.map(({ function: name, lane, dead_letters: count }) => [name, lane, String(count)]);
  session.print(session.json ? JSON.stringify(counts) : tableOf(['FUNCTION', 'LANE', 'DEAD LETTERS'], rows));
  if (rows.length === 0) session.note('no dead letters');
  return exitCode.ok;
}
