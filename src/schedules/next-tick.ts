import { Cron, CronPattern } from 'croner';
import type { Timing } from '../contract/schedules.js';

/**
 * How cron reads its fields. A job with plain hours, minutes and seconds (numbers, lists, ranges) is meant for a time of
 * the day: where the clock skips that time it fires at the end of the gap, where it comes twice it fires the first time
 * only. A job with `*` or a step there is meant for an interval: it fires whenever the clock shows a time that fits.
 * Vixie cron decides alike.
 */
const cronOptions = { mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard', paused: true } as const;

const keptCrons = 256;
const crons = new Map<string, Cron>();

/** The first tick after that instant, both epoch milliseconds; null when there is none. */
export function nextTick(timing: Timing, after: number): number | null {
  if (timing.kind === 'once') return timing.at > after ? timing.at : null;
  if (timing.kind === 'every') return nextMultiple(timing, after);
  return cronOf(timing).nextRun(new Date(after))?.getTime() ?? null;
}

/** The first ticks after that instant, fewer when there are no more. */
export function nextTicks(timing: Timing, after: number, count: number): number[] {
  const ticks: number[] = [];
  for (let tick = nextTick(timing, after); tick !== null && ticks.length < count; tick = nextTick(timing, tick)) ticks.push(tick);
  return ticks;
}

/** Whether the fields name times of the day, so that each comes once on days when the clock is changed. */
export function isFixedTime(cron: string): boolean {
  return new CronPattern(cron, undefined, cronOptions).isFixedTime;
}

/** Ticks are multiples of the period counted from a fixed instant: late firings shift nothing. */
function nextMultiple({ everyMs, from }: Extract<Timing, { kind: 'every' }>, after: number): number {
  return from + Math.max(1, Math.floor((after - from) / everyMs) + 1) * everyMs;
}

/** Reading the fields takes longer than finding a tick, so what was read is kept for a while. */
function cronOf({ cron, timeZone }: Extract<Timing, { kind: 'cron' }>): Cron {
  const key = `${timeZone} ${cron}`;
  const known = crons.get(key);
  if (known !== undefined) return known;
  const made = new Cron(cron, { ...cronOptions, timezone: timeZone });
  if (crons.size >= keptCrons) crons.clear();
  crons.set(key, made);
  return made;
}
