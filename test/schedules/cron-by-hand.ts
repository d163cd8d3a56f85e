import { stretches } from './wall-clock.js';

/** One field of a cron pattern: its text, and whether a value fits it. */
export interface Field {
  text: string;
  fits: (value: number) => boolean;
  /** `*` or a step. */
  isWild: boolean;
}

export interface Pattern {
  minute: Field;
  hour: Field;
  day: Field;
  month: Field;
  weekday: Field;
}

const minuteMs = 60_000;

export function textOf({ minute, hour, day, month, weekday }: Pattern): string {
  return [minute, hour, day, month, weekday].map(({ text }) => text).join(' ');
}

/**
 * Every tick of a pattern in [from, until), by looking at each minute that the clocks of the zone show. A pattern without
 * `*` and steps in minute and hour fires at the end of a gap for what is in it, and not again when a time comes again.
 */
export function ticksByHand(pattern: Pattern, zone: string, from: number, until: number): number[] {
  const isFixed = !pattern.minute.isWild && !pattern.hour.isWild;
  const ticks = new Set<number>();
  let before: { until: number; offset: number } | null = null;
  for (const stretch of stretches(zone, from, until)) {
    const shownBefore = before === null ? -Infinity : stretch.from + before.offset;
    const shownFirst = stretch.from + stretch.offset;
    if (isFixed && anyFits(pattern, shownBefore, shownFirst)) ticks.add(stretch.from);
    for (let shown = Math.ceil(shownFirst / minuteMs) * minuteMs; shown < stretch.until + stretch.offset; shown += minuteMs) {
      const comesAgain = shown < shownBefore;
      if (fits(pattern, shown) && !(isFixed && comesAgain)) ticks.add(shown - stretch.offset);
    }
    before = stretch;
  }
  return [...ticks].sort((first, second) => first - second);
}

/** Whether a local time, as if it were UTC, fits. Of day and weekday one is enough when both are given. */
export function fits({ minute, hour, day, month, weekday }: Pattern, shown: number): boolean {
  const at = new Date(shown);
  if (!minute.fits(at.getUTCMinutes()) || !hour.fits(at.getUTCHours()) || !month.fits(at.getUTCMonth() + 1)) return false;
  const [dayFits, weekdayFits] = [day.fits(at.getUTCDate()), weekday.fits(at.getUTCDay())];
  return day.text === '*' || weekday.text === '*' ? dayFits && weekdayFits : dayFits || weekdayFits;
}

function anyFits(pattern: Pattern, from: number, until: number): boolean {
  if (from === -Infinity) return false;
  for (let shown = Math.ceil(from / minuteMs) * minuteMs; shown < until; shown += minuteMs) if (fits(pattern, shown)) return true;
  return false;
}
