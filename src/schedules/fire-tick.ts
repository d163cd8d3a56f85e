import type { Logger } from 'pino';
import type { ScheduleRecord } from '../contract/schedules.js';
import { LanewayError, messageOf } from '../errors.js';
import type { Runs } from '../runs/open-runs.js';
import type { RunRequest } from '../runs/run-request.js';
import { derivedId } from '../runs/derived-id.js';

export interface FireParts {
  runs: Pick<Runs, 'accept' | 'cancel' | 'find'>;
  /** Where other servers push versions this one may not know of a new one yet. */
  shared: boolean;
  log: Logger;
}

/** What became of a tick. `later`: nothing was decided, it is to be tried again. */
export type Fired = { kind: 'fired'; runId: string } | { kind: 'skipped'; problem: string } | { kind: 'later'; error: unknown };

/** A tick to fire, and the time of the database, both epoch milliseconds. */
export interface DueTick {
  tick: number;
  now: number;
}

/** A version that this server does not know by then is not there; what other servers do is known everywhere in 5 s. */
const unknownForMs = 10_000;
/** How long a cancelled run may take to end before the next one is started all the same. */
const cancelWaitMs = 2000;

/**
 * Starts the run of one tick. Its id follows from schedule and tick, so the records admit it once, whoever tries and
 * however often: a server that dies between this and the note that it fired loses nothing and doubles nothing.
 */
export async function fireTick(schedule: ScheduleRecord, { tick, now }: DueTick, parts: FireParts): Promise<Fired> {
  const runId = derivedId('run', schedule.id, tick);
  try {
    if (schedule.lastRunId !== runId && (await isOverlapping(schedule, parts))) return overlapped;
    const { id } = await parts.runs.accept(scheduledRun(schedule, tick, runId));
    return { kind: 'fired', runId: id };
  } catch (error) {
    if (hasCode(error, 'run_id_in_use')) return firedBefore(schedule, runId, parts);
    if (isForNow(error)) return { kind: 'later', error };
    if (parts.shared && now - tick < unknownForMs && isUnknown(error)) return { kind: 'later', error };
    parts.log.warn({ scheduleId: schedule.id, tick, err: error }, `a tick of schedule ${schedule.name} was refused`);
    return { kind: 'skipped', problem: messageOf(error) };
  }
}

/** The run of a tick (or an extra one, with an id of its own). */
export function scheduledRun(schedule: ScheduleRecord, tick: number, runId?: string): RunRequest {
  return {
    ...(runId === undefined ? {} : { id: runId }),
    source: 'schedule',
    callerId: null,
    keyId: schedule.keyId,
    function: schedule.function,
    lane: schedule.lane,
    version: schedule.version,
    type: null,
    entryFile: null,
    payload: schedule.payload ?? JSON.stringify({ schedule: schedule.name, tick: new Date(tick).toISOString() }),
    invocation: { url: `/schedules/${schedule.id}`, headers: {}, parameters: {} },
    queued: { scheduleId: schedule.id, ...(schedule.onFailure === null ? {} : { onFailure: schedule.onFailure }) },
  };
}

const overlapped: Fired = { kind: 'skipped', problem: 'the run of an earlier tick was still open' };

/** Whether the run of the tick before is in the way; where the policy says so it is cancelled and is not. */
async function isOverlapping({ overlap, lastRunId }: ScheduleRecord, { runs }: FireParts): Promise<boolean> {
  if (overlap === 'queue' || lastRunId === null) return false;
  if (overlap === 'skip') {
    const run = await runs.find.get(lastRunId).catch(nullWhen('run_not_found'));
    return run !== null && run.endedAt === null;
  }
  await runs.cancel(lastRunId, cancelWaitMs).catch(nullWhen('run_not_found', 'run_ended'));
  return false;
}

/** The id is used by nobody but schedules, unless somebody worked it out to keep a tick from firing. */
async function firedBefore({ id }: ScheduleRecord, runId: string, { runs }: FireParts): Promise<Fired> {
  try {
    const run = await runs.find.get(runId).catch(nullWhen('run_not_found'));
    if (run === null || run.scheduleId === id) return { kind: 'fired', runId };
    return { kind: 'skipped', problem: `run id ${runId}, which belongs to this tick, was used for another run` };
  } catch (error) {
    return { kind: 'later', error };
  }
}

/** What says nothing about the schedule, only that the run can't be accepted now; and every fault of the server itself. */
function isForNow(error: unknown): boolean {
  return !(error instanceof LanewayError) || error.status === 429 || error.status === 503 || error.status === 507;
}

function isUnknown(error: unknown): boolean {
  return unknownCodes.some((code) => hasCode(error, code));
}

const unknownCodes = ['function_not_found', 'lane_not_found', 'version_not_found'];

function nullWhen(...codes: string[]) {
  return (error: unknown): null => {
    if (codes.some((code) => hasCode(error, code))) return null;
    throw error;
  };
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof LanewayError && error.code === code;
}
