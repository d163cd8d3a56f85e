import type { ScheduleDefinition, ScheduleWish } from '../contract/schedules.js';
import { LanewayError } from '../errors.js';
import { readTiming } from './read-timing.js';

/** bounded: a payload lies in the schedule's row, and every tick copies it. */
const maxPayloadBytes = 64 * 1024;

type Place = Pick<ScheduleDefinition, 'id' | 'name' | 'function' | 'lane' | 'origin'>;

/**
 * A wish with every default filled in. Periods are counted from `from`; one that stays the same goes on as it was counted
 * in `before`. Throws `schedule_invalid`.
 */
export function defineSchedule(
  place: Place,
  wish: ScheduleWish,
  { from, before }: { from: number; before: ScheduleDefinition | null },
): ScheduleDefinition {
  const timing = readTiming(wish, from);
  const old = before?.timing;
  if (wish.payload !== null && Buffer.byteLength(wish.payload) > maxPayloadBytes) {
    throw new LanewayError('schedule_invalid', { problem: `its payload is larger than ${maxPayloadBytes} bytes` });
  }
  return {
    id: place.id,
    name: place.name,
    function: place.function,
    lane: place.lane,
    version: wish.version,
    timing: timing.kind === 'every' && old?.kind === 'every' && old.everyMs === timing.everyMs ? old : timing,
    payload: wish.payload,
    overlap: wish.overlap ?? 'skip',
    catchUp: wish.catchUp ?? 'last',
    onFailure: wish.onFailure ?? null,
    origin: place.origin,
    keyId: wish.keyId,
  };
}
