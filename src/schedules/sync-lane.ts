import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { RunRecords, VersionRecord } from '../contract/records.js';
import type { ScheduleDefinition, ScheduleRecord, ScheduleRecords } from '../contract/schedules.js';
import type { FunctionStore, LaneView } from '../contract/store.js';
import { LanewayError, messageOf } from '../errors.js';
import { manifestSchedules } from './manifest-schedules.js';
import { nextTick } from './next-tick.js';

export interface SyncParts {
  schedules: ScheduleRecords;
  clock: Pick<RunRecords, 'now'>;
  store: Pick<FunctionStore, 'lane' | 'version'>;
  log: Logger;
}

/**
 * Makes the schedules of a lane those of its current version's manifest; true when something was changed. Every server
 * may do it, again and again: ids and periods follow from lane and version, what is right is not touched, and a pause stays.
 */
export async function syncLane(functionName: string, lane: string, parts: SyncParts): Promise<boolean> {
  const { schedules, clock } = parts;
  const version = await currentVersion(functionName, lane, parts.store);
  // Nothing is read of a version that lies on the FTP server only: it is looked at when it is fetched.
  if (version !== null && version.manifest === null) return false;
  const before = await schedules.list({ function: functionName, lane, origin: 'manifest' });
  const wanted = version === null ? [] : definitionsOf(version, before, parts.log);
  let changed = false;
  for (const gone of before.filter(({ id }) => !wanted.some((definition) => definition.id === id))) {
    changed = (await schedules.remove(gone.id)) || changed;
  }
  for (const definition of wanted) {
    if (isSame(definition, before)) continue;
    changed = (await put(definition, nextTick(definition.timing, await clock.now()), parts)) || changed;
  }
  return changed;
}

/** The version that decides: what a caller who names none gets, of a split the newest part; null when there is none. */
async function currentVersion(functionName: string, lane: string, store: SyncParts['store']): Promise<VersionRecord | null> {
  try {
    const current = currentOf(await store.lane(functionName, lane));
    return current === null ? null : await store.version(functionName, lane, current);
  } catch (error) {
    if (error instanceof LanewayError && goneCodes.includes(error.code)) return null;
    throw error;
  }
}

const goneCodes: string[] = ['function_not_found', 'lane_not_found', 'version_not_found'];

function currentOf({ current, pin, split }: LaneView): string | null {
  if (pin !== null || split === null) return current;
  const newest = split.reduce((best, part) =>
    part.major > best.major || (part.major === best.major && part.minor > best.minor) ? part : best,
  );
  return `${newest.major}.${newest.minor}`;
}

/** A push refuses what can't be scheduled; a version that came another way must not keep the other lanes from being right. */
function definitionsOf(version: VersionRecord, before: readonly ScheduleRecord[], log: Logger): ScheduleDefinition[] {
  try {
    return manifestSchedules(version.manifest!, version, before);
  } catch (error) {
    const { function: functionName, lane, major, minor } = version;
    log.warn({ function: functionName, lane, version: `${major}.${minor}`, err: error }, 'manifest has no valid schedule');
    return [];
  }
}

function isSame(definition: ScheduleDefinition, before: readonly ScheduleRecord[]): boolean {
  const record = before.find(({ id }) => id === definition.id);
  if (record === undefined) return false;
  // Who pushed the version is kept, but a new push of the same schedule does not begin it anew.
  const { keyId: _, ...rest } = definition;
  return Object.entries(rest).every(([key, value]) => isDeepStrictEqual(record[key as keyof ScheduleDefinition], value));
}

async function put(definition: ScheduleDefinition, nextAt: number | null, { schedules, log }: SyncParts): Promise<boolean> {
  try {
    await schedules.put(definition, nextAt);
    return true;
  } catch (error) {
    if (!(error instanceof LanewayError) || error.code !== 'schedule_exists') throw error;
    const { function: functionName, lane, name } = definition;
    log.warn({ function: functionName, lane, schedule: name }, `schedule of the manifest was left out: ${messageOf(error)}`);
    return false;
  }
}
