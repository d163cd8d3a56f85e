import type { ScheduleWish, Timing } from '../contract/schedules.js';
import { LanewayError, messageOf } from '../errors.js';
import { nextTick } from './next-tick.js';

/** The shortest period, milliseconds. */
const leastEveryMs = 1000;
const yearMs = 366 * 24 * 3_600_000;
const maxCronLength = 256;
/** A time of the calendar that comes at all comes in this time: February 29 on a given weekday may take 40 years. */
const cronHorizonMs = 50 * yearMs;

/**
 * When a schedule fires, checked. `from` is where the ticks of a period are counted from. Throws `schedule_invalid`.
 */
export function readTiming(wish: Pick<ScheduleWish, 'cron' | 'timeZone' | 'everyMs' | 'at'>, from: number): Timing {
  const { cron, timeZone, everyMs, at } = wish;
  const given = [cron, everyMs, at].filter((value) => value !== undefined);
  if (given.length !== 1) refuse('give one of cron, every_ms and at');
  if (timeZone !== undefined && cron === undefined) refuse('a time zone goes with cron only');
  if (cron !== undefined) return readCron(cron.trim(), timeZone ?? 'UTC', from);
  if (everyMs !== undefined) return readEvery(everyMs, from);
  if (!Number.isSafeInteger(at) || Math.abs(at!) > 8.64e15) refuse('at is not a time');
  return { kind: 'once', at: at! };
}

function readEvery(everyMs: number, from: number): Timing {
  if (!Number.isInteger(everyMs) || everyMs < leastEveryMs || everyMs > yearMs) {
    refuse(`every_ms must be ${leastEveryMs} to ${yearMs} milliseconds, not ${everyMs}`);
  }
  return { kind: 'every', everyMs, from };
}

function readCron(cron: string, timeZone: string, from: number): Timing {
  const fields = cron.split(/\s+/);
  const isNickname = /^@[a-z]+$/i.test(cron);
  if (!isNickname && fields.length !== 5 && fields.length !== 6) {
    refuse(`cron needs 5 fields, or 6 with seconds first, not ${cron === '' ? 0 : fields.length}`);
  }
  if (cron.length > maxCronLength) refuse(`cron is longer than ${maxCronLength} characters`);
  const timing: Timing = { kind: 'cron', cron: fields.join(' '), timeZone: readTimeZone(timeZone) };
  const next = firstTick(timing, from);
  if (next === null || next > from + cronHorizonMs) refuse(`cron "${cron}" never comes`);
  return timing;
}

function firstTick(timing: Timing, from: number): number | null {
  try {
    return nextTick(timing, from);
  } catch (error) {
    throw invalid(messageOf(error).replace(/^CronPattern: /, ''), error);
  }
}

/** As it is written: the name that engines give it instead may be an older one, such as Asia/Calcutta. */
function readTimeZone(name: string): string {
  // Offsets such as +02:00 are zones to some engines and none to others; they have no daylight saving time either.
  if (!/^[A-Za-z]/.test(name)) refuse(`time zone "${name}" is not a name such as Europe/Berlin`);
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return name;
  } catch (error) {
    throw invalid(`time zone "${name}" is not known`, error);
  }
}

function refuse(problem: string): never {
  throw invalid(problem);
}

function invalid(problem: string, cause?: unknown): LanewayError {
  return new LanewayError('schedule_invalid', { problem }, { cause });
}
