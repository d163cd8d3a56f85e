import type { LanewayClient } from '../../client/laneway-client.js';
import type { ScheduleView } from '../../contract/api/schedules.js';
import { runIdPattern } from '../../contract/words.js';
import { CommandError, exitCode } from '../exit-code.js';

/** The id of the schedule that is meant by its id or by its name. */
export async function findSchedule(client: LanewayClient, idOrName: string): Promise<string> {
  const guid = idOrName.toLowerCase();
  if (new RegExp(runIdPattern).test(guid)) return guid;
  const { schedules } = await client.request<{ schedules: ScheduleView[] }>('GET', '/api/v1/schedules');
  const [first, ...others] = schedules.filter(({ name }) => name === idOrName);
  if (first === undefined) {
    throw new CommandError(exitCode.failed, `there is no schedule ${idOrName}`, '`fas schedules` shows what there is');
  }
  if (others.length === 0) return first.id;
  const choices = [first, ...others].map((schedule) => `${schedule.id} (${schedule.function}, lane ${schedule.lane})`);
  throw new CommandError(
    exitCode.usage,
    `${choices.length} schedules are named ${idOrName}`,
    `give the id instead: ${choices.join(', ')}`,
  );
}
