import type { RunView } from '../../contract/api/runs.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { readWholeNumber } from '../read-whole-number.js';
import type { Session } from '../session.js';
import { runTable } from '../show-run/run-table.js';

interface ListOptions {
  function?: string;
  lane?: string;
  state?: string;
  limit?: string;
}

/** Lists runs, newest first. */
export async function run(_args: readonly string[], options: ListOptions, session: Session): Promise<ExitCode> {
  const { function: name, lane, state } = options;
  const query = { function: name, lane, state, limit: readWholeNumber(options.limit, '--limit') };
  const client = await session.connect();
  const page = await client.request<{ runs: RunView[]; next_cursor: string | null }>('GET', '/api/v1/runs', { query });
  session.print(session.json ? JSON.stringify(page) : runTable(page.runs));
  if (page.runs.length === 0) session.note('no runs that fit');
  else if (page.next_cursor !== null) session.note('there may be more: ask with a larger --limit');
  return exitCode.ok;
}
