import type { RunView } from '../../contract/api/runs.js';
import type { ScheduleDetail } from '../../contract/api/schedules.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { findSchedule } from './find-schedule.js';

type Command = (args: readonly string[], options: object, session: Session) => Promise<ExitCode>;

export const pause: Command = async ([idOrName = ''], _options, session) => {
  const schedule = await post<ScheduleDetail>(session, idOrName, 'pause');
  session.print(session.json ? JSON.stringify(schedule) : `${schedule.name} is paused`);
  return exitCode.ok;
};

export const resume: Command = async ([idOrName = ''], _options, session) => {
  const schedule = await post<ScheduleDetail>(session, idOrName, 'resume');
  const next = schedule.next_at === null ? 'has no further tick' : `fires next at ${schedule.next_at}`;
  session.print(session.json ? JSON.stringify(schedule) : `${schedule.name} ${next}`);
  return exitCode.ok;
};

/** Starts an extra run and prints its id. */
export const runNow: Command = async ([idOrName = ''], _options, session) => {
  const started = await post<RunView>(session, idOrName, 'run');
  session.print(session.json ? JSON.stringify(started) : started.id);
  session.note(`queued ${started.function} ${started.version}; follow it with: fas logs ${started.id} --follow`);
  return exitCode.ok;
};

export const remove: Command = async ([idOrName = ''], _options, session) => {
  const client = await session.connect();
  const id = await findSchedule(client, idOrName);
  await client.text('DELETE', `/api/v1/schedules/${id}`);
  session.print(session.json ? JSON.stringify({ id }) : `removed ${idOrName}`);
  return exitCode.ok;
};

async function post<Answer>(session: Session, idOrName: string, action: string): Promise<Answer> {
  const client = await session.connect();
  return client.request<Answer>('POST', `/api/v1/schedules/${await findSchedule(client, idOrName)}/${action}`);
}
