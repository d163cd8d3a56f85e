import type { ScheduleDetail } from '../../contract/api/schedules.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { readDuration } from '../read-duration.js';
import { readPayload } from '../read-payload.js';
import type { Session } from '../session.js';

interface AddOptions {
  name?: string;
  lane?: string;
  version?: string;
  cron?: string;
  timeZone?: string;
  every?: string;
  at?: string;
  payload?: string;
  overlap?: string;
  catchUp?: string;
}

/** Makes a schedule and says when it fires first. */
export async function run([name = '']: readonly string[], options: AddOptions, session: Session): Promise<ExitCode> {
  const payload = await readPayload(options.payload);
  const fields = JSON.stringify({
    function: name,
    lane: options.lane,
    name: options.name,
    version: options.version,
    cron: options.cron,
    time_zone: options.timeZone,
    every_ms: options.every === undefined ? undefined : readDuration(options.every),
    at: options.at,
    overlap: options.overlap,
    catch_up: options.catchUp,
  });
  // The payload goes in as it was written: parsing would round large numbers.
  const body = payload === undefined ? fields : `${fields.slice(0, -1)},"payload":${payload}}`;
  const client = await session.connect();
  const made = await client.request<ScheduleDetail>('POST', '/api/v1/schedules', { body });
  session.print(session.json ? JSON.stringify(made) : `${made.name} fires first at ${made.next_at}`);
  session.note(`${made.understood_as}; see it with: fas schedules get ${made.name}`);
  return exitCode.ok;
}
