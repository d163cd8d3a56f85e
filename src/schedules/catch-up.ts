import type { CatchUpPolicy, Timing } from '../contract/schedules.js';
import { nextTick } from './next-tick.js';

/** A tick that is not older than this, and the latest one, is on time: a server may be busy or just starting. */
const onTimeMs = 60_000;
/** bounded: so many ticks at most are caught up with, the latest ones. */
export const caughtUpAtMost = 100;
/** bounded: skipped ticks are counted up to this number at a time; finding a tick of cron takes up to 50 µs. */
const countedAtMost = 1000;

/** What becomes of the ticks that have come. */
export interface TickPlan {
  /** Oldest first. */
  fire: number[];
  /** Ticks before those of `fire` that do not fire. */
  skipped: number;
  /** The next tick after all that have come. */
  nextAt: number | null;
}

/** Decides about every tick from `first` to `now`, epoch milliseconds; usually that is `first` alone. */
export function planTicks({ timing, catchUp }: { timing: Timing; catchUp: CatchUpPolicy }, first: number, now: number): TickPlan {
  const nextAt = nextTick(timing, now);
  const second = nextTick(timing, first);
  if (second === null || second > now) {
    const fires = catchUp !== 'none' || now - first <= onTimeMs;
    return { fire: fires ? [first] : [], skipped: fires ? 0 : 1, nextAt };
  }
  const latest = latestTicks(timing, first, now);
  const fire = chooseTicks(catchUp, latest, now);
  return { fire, skipped: countTicks(timing, first, fire[0] ?? nextAt ?? Infinity), nextAt };
}

function chooseTicks(catchUp: CatchUpPolicy, latest: readonly number[], now: number): number[] {
  if (catchUp === 'all') return [...latest];
  const last = latest.slice(-1);
  return catchUp === 'last' || now - last[0]! <= onTimeMs ? last : [];
}

/** At most the latest 100 ticks from `first` to `now`: looks back ever further until there are enough, but not too many. */
function latestTicks(timing: Timing, first: number, now: number): number[] {
  let tooFewFrom = now;
  let tooManyFrom: number | null = null;
  for (let from = Math.max(first - 1, now - caughtUpAtMost * 1000); ;) {
    const ticks = ticksBetween(timing, from, now);
    if (ticks === null) tooManyFrom = from;
    else if (ticks.length >= caughtUpAtMost || from === first - 1) return ticks.slice(-caughtUpAtMost);
    else tooFewFrom = from;
    from = tooManyFrom === null ? Math.max(first - 1, now - 2 * (now - from)) : Math.floor((tooManyFrom + tooFewFrom) / 2);
  }
}

/** Null when there are more than anybody needs. */
function ticksBetween(timing: Timing, after: number, until: number): number[] | null {
  const ticks: number[] = [];
  for (let tick = nextTick(timing, after); tick !== null && tick <= until; tick = nextTick(timing, tick)) {
    if (ticks.push(tick) > 5 * caughtUpAtMost) return null;
  }
  return ticks;
}

function countTicks(timing: Timing, from: number, until: number): number {
  if (timing.kind === 'every') return Math.max(0, Math.ceil((until - from) / timing.everyMs));
  let count = 0;
  for (let tick: number | null = from; tick !== null && tick < until && count < countedAtMost; tick = nextTick(timing, tick)) {
    count += 1;
  }
  return count;
}
