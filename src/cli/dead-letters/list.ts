import type { RunView } from '../../contract/api/runs.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { readWholeNumber } from '../read-whole-number.js';
import { runTable } from '../show-run/run-table.js';
import type { Session } from '../session.js';

interface ListOptions {
  function?: string;
  lane?: string;
  limit?: string;
}

/** Lists dead letters, newest first. */
export async function run(_args: readonly string[], options: ListOptions, session: Session): Promise<ExitCode> {
  const query = { function: options.function, lane: options.lane, limit: readWholeNumber(options.limit, '--limit') };
  const client = await session.connect();
  const page = await client.request<{ runs: RunView[]; next_cursor: string | null }>('GET', '/api/v1/dead-letters', { query });
  session.print(session.json ? JSON.stringify(page) : runTable(page.runs));
  if (page.runs.length === 0) session.note('no dead letters that fit');
  else if (page.next_cursor !== null) session.note('there may be more: `fas dead-letters count` counts them');
  return exitCode.ok;
}
