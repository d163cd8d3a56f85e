import type { Manifest, ManifestSchedule } from '../contract/manifest.js';
import type { ScheduleDefinition, ScheduleWish } from '../contract/schedules.js';
import { LanewayError } from '../errors.js';
import { defineSchedule } from './define-schedule.js';
import { derivedId } from '../runs/derived-id.js';

/** The lane, and the version of it that decides. */
export interface ManifestOrigin {
  function: string;
  lane: string;
  /** When the version was pushed, epoch milliseconds: periods are counted from it, on every server alike. */
  pushedAt: number;
  pushedBy: string | null;
}

/**
 * What a manifest schedules in a lane. A schedule without a name has that of its place. What is already there (`before`)
 * with the same period goes on counting as it did. Throws `schedule_invalid`.
 */
export function manifestSchedules(
  { schedule }: Pick<Manifest, 'schedule'>,
  { function: functionName, lane, pushedAt, pushedBy }: ManifestOrigin,
  before: readonly ScheduleDefinition[] = [],
): ScheduleDefinition[] {
  const wishes = wishesOf(schedule, pushedBy);
  const names = wishes.map(({ name }, index) => name ?? (index === 0 ? 'schedule' : `schedule-${index + 1}`));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new LanewayError('schedule_invalid', { problem: `the name ${twice} is used twice` });
  return wishes.map((wish, index) => {
    const name = names[index]!;
    const id = derivedId('schedule', functionName, lane, name);
    const place = { id, name, function: functionName, lane, origin: 'manifest' } as const;
    const former = before.find((candidate) => candidate.id === id) ?? null;
    return defineSchedule(place, wish, { from: pushedAt, before: former });
  });
}

/** Throws `schedule_invalid` for what the schema of a manifest can't tell: patterns, time zones, names used twice. */
export function checkManifestSchedules(manifest: Pick<Manifest, 'schedule'>): void {
  manifestSchedules(manifest, { function: 'f', lane: 'latest', pushedAt: Date.now(), pushedBy: null });
}

type OneSchedule = Exclude<Exclude<ManifestSchedule, readonly unknown[]>, string>;

function wishesOf(schedule: ManifestSchedule | undefined, keyId: string | null): ScheduleWish[] {
  if (schedule === undefined) return [];
  const all = Array.isArray(schedule) ? schedule : [schedule];
  return all.map((one) => wishOf(typeof one === 'string' ? { cron: one } : one, keyId));
}

function wishOf(one: OneSchedule, keyId: string | null): ScheduleWish {
  return {
    name: one.name ?? null,
    version: '',
    ...(one.cron === undefined ? {} : { cron: one.cron }),
    ...(one.time_zone === undefined ? {} : { timeZone: one.time_zone }),
    ...(one.every_ms === undefined ? {} : { everyMs: one.every_ms }),
    ...(one.at === undefined ? {} : { at: Date.parse(one.at) }),
    payload: one.payload === undefined ? null : JSON.stringify(one.payload),
    ...(one.overlap === undefined ? {} : { overlap: one.overlap }),
    ...(one.catch_up === undefined ? {} : { catchUp: one.catch_up }),
    ...(one.on_failure === undefined ? {} : { onFailure: one.on_failure }),
    keyId,
  };
}
