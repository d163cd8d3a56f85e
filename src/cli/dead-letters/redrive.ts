import type { RunView } from '../../contract/api/runs.js';
import { type BulkOptions, doAll, isForAll, tellAll } from '../bulk.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

/** Starts one dead letter anew and prints the id of its new run, or those of a function or lane. */
export async function run(
  [id]: readonly string[],
  options: BulkOptions & { current?: boolean },
  session: Session,
): Promise<ExitCode> {
  const version = options.current === true ? 'current' : 'same';
  if (isForAll(id, options)) {
    const body = { filter: { function: options.function, lane: options.lane }, version };
    return tellAll(session, 'redriven', await doAll(await session.connect(), '/api/v1/dead-letters/redrive', body));
  }
  const client = await session.connect();
  const path = `/api/v1/dead-letters/${encodeURIComponent(id!)}/redrive`;
  const started = await client.request<RunView>('POST', path, { body: JSON.stringify({ version }) });
  session.print(session.json ? JSON.stringify(started) : started.id);
  session.note(`queued ${started.function} ${started.version}; follow it with: fas logs ${started.id} --follow`);
  return exitCode.ok;
}
