import type { Static } from 'typebox';
import type { FunctionLimits, LimitView } from '../../contract/api/limits.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { tableOf } from '../table.js';
import { limitsPath } from './limits-path.js';

/** Shows the limits of a function and its lanes. */
export async function run([name = '']: readonly string[], _options: object, session: Session): Promise<ExitCode> {
  const client = await session.connect();
  const limits = await client.request<Static<typeof FunctionLimits>>('GET', limitsPath(name, undefined));
  const rows = [
    ...(limits.function === null ? [] : [['(all together)', ...cellsOf(limits.function)]]),
    ...limits.lanes.map((limit) => [limit.lane, ...cellsOf(limit)]),
  ];
  session.print(session.json ? JSON.stringify(limits) : tableOf(['LANE', 'MAX RUNNING', 'MAX QUEUED', 'EXPIRES AFTER'], rows));
  if (rows.length === 0) session.note('no limits of its own: the settings of the server hold');
  return exitCode.ok;
}

function cellsOf({ max_running: running, max_queued: queued, expires_after_ms: expiresMs }: LimitView): string[] {
  return [cell(running), cell(queued), expiresMs === null ? '-' : `${expiresMs / 1000} s`];
}

function cell(count: number | null): string {
  return count === null ? '-' : String(count);
}
