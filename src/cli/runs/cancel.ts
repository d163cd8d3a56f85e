import type { RunView } from '../../contract/api/runs.js';
import { type BulkOptions, doAll, isForAll, tellAll } from '../bulk.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

/** Cancels one run, or every open run of a function or lane. */
export async function run([id]: readonly string[], options: BulkOptions, session: Session): Promise<ExitCode> {
  if (isForAll(id, options)) {
    const filter = { function: options.function, lane: options.lane };
    return tellAll(session, 'cancelled', await doAll(await session.connect(), '/api/v1/runs/cancel', filter));
  }
  const client = await session.connect();
  const cancelled = await client.request<RunView>('POST', `/api/v1/runs/${encodeURIComponent(id!)}/cancel`);
  session.print(session.json ? JSON.stringify(cancelled) : `run ${cancelled.id} ${cancelled.state}`);
  return exitCode.ok;
}
