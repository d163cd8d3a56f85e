import type { ScheduleDetail } from '../../contract/api/schedules.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { findSchedule } from './find-schedule.js';

/** Shows one schedule: how it is understood, its next ticks, and what became of the last. */
export async function run([idOrName = '']: readonly string[], _options: object, session: Session): Promise<ExitCode> {
  const client = await session.connect();
  const id = await findSchedule(client, idOrName);
  const schedule = await client.request<ScheduleDetail>('GET', `/api/v1/schedules/${id}`);
  session.print(session.json ? JSON.stringify(schedule) : linesOf(schedule).join('\n'));
  return exitCode.ok;
}

function linesOf(schedule: ScheduleDetail): string[] {
  const { next, payload, on_failure: onFailure } = schedule;
  const lines: [head: string, text: string | null][] = [
    ['name', schedule.name],
    ['id', schedule.id],
    ['function', `${schedule.function}, lane ${schedule.lane}${schedule.version === '' ? '' : `, version ${schedule.version}`}`],
    ['from', schedule.origin === 'manifest' ? 'laneway.json' : `key ${schedule.key_id ?? 'none'}`],
    ['fires', schedule.understood_as],
    ['paused', schedule.paused_at],
    ['next', next.length === 0 ? 'never' : next.join('\n         ')],
    ['overlap', schedule.overlap],
    ['catch-up', schedule.catch_up],
    ['payload', payload === null ? null : JSON.stringify(payload)],
    ['failure', onFailure === null ? null : JSON.stringify(onFailure)],
    ['counts', `${schedule.fired} fired, ${schedule.skipped} skipped`],
    ['last', schedule.last_at === null ? null : `${schedule.last_at}, run ${schedule.last_run_id}`],
    ['problem', schedule.last_problem],
  ];
  return lines.filter(([, text]) => text !== null).map(([head, text]) => `${head.padEnd(8)} ${text}`);
}
