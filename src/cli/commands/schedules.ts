import type { ScheduleView } from '../../contract/api/schedules.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { timingText } from '../timing-text.js';
import type { Session } from '../session.js';
import { tableOf } from '../table.js';

interface ListOptions {
  function?: string;
  lane?: string;
}

/** Lists schedules with their next tick. */
export async function run(_args: readonly string[], options: ListOptions, session: Session): Promise<ExitCode> {
  const client = await session.connect();
  const query = { function: options.function, lane: options.lane };
  const answer = await client.request<{ schedules: ScheduleView[] }>('GET', '/api/v1/schedules', { query });
  const rows = answer.schedules.map((schedule) => [
    schedule.name,
    schedule.lane === 'latest' ? schedule.function : `${schedule.function} (${schedule.lane})`,
    timingText(schedule),
    schedule.paused_at === null ? secondText(schedule.next_at) : 'paused',
    String(schedule.fired),
    String(schedule.skipped),
  ]);
  session.print(session.json ? JSON.stringify(answer) : tableOf(['NAME', 'FUNCTION', 'WHEN', 'NEXT', 'FIRED', 'SKIPPED'], rows));
  if (rows.length === 0) session.note('no schedules yet: make one with `fas schedules add FUNCTION --cron "0 9 * * *"`');
  return exitCode.ok;
}

function secondText(time: string | null): string {
  return time === null ? '-' : time.replace(/\.\d+Z$/, 'Z');
}
