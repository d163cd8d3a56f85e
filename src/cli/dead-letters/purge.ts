import { type BulkOptions, doAll, isForAll, tellAll } from '../bulk.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

/** Throws one dead letter away, or those of a function or lane. */
export async function run([id]: readonly string[], options: BulkOptions, session: Session): Promise<ExitCode> {
  if (isForAll(id, options)) {
    const filter = { function: options.function, lane: options.lane };
    return tellAll(session, 'purged', await doAll(await session.connect(), '/api/v1/dead-letters/purge', filter));
  }
  const client = await session.connect();
  await client.text('DELETE', `/api/v1/dead-letters/${encodeURIComponent(id!)}`);
  session.print(session.json ? JSON.stringify({ id }) : `purged ${id}`);
  return exitCode.ok;
}
