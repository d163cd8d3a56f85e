/** A stretch of time in which the clocks of a zone are not changed: [from, until), local time is instant + offset. */
export interface Stretch {
  from: number;
  until: number;
  offset: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Milliseconds that the clocks of a zone are ahead of UTC at that instant (whole seconds). */
export function offsetAt(zone: string, instant: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    const fields = {
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    } as const;
    format = new Intl.DateTimeFormat('en', { timeZone: zone, hourCycle: 'h23', ...fields });
    formats.set(zone, format);
  }
  const at: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(instant)) at[type] = Number(value);
  return Date.UTC(at['year']!, at['month']! - 1, at['day'], at['hour'], at['minute'], at['second']) - instant;
}

/** The whole of [from, until) in stretches, found without asking cron: by halving where the offset differs. */
export function stretches(zone: string, from: number, until: number): Stretch[] {
  const stepMs = 6 * 3_600_000;
  const found: Stretch[] = [];
  let start = from;
  for (let at = from; at < until; at += stepMs) {
    const end = Math.min(at + stepMs, until);
    if (offsetAt(zone, at) === offsetAt(zone, end)) continue;
    const change = changeBetween(zone, at, end);
    found.push({ from: start, until: change, offset: offsetAt(zone, at) });
    start = change;
  }
  found.push({ from: start, until, offset: offsetAt(zone, start) });
  return found;
}

function changeBetween(zone: string, low: number, high: number): number {
  const before = offsetAt(zone, low);
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000;
    if (offsetAt(zone, middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** Instants at which the clocks of a zone are changed in a year. */
export function changesIn(zone: string, year: number): number[] {
  return stretches(zone, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1))
    .slice(1)
    .map(({ from }) => from);
}
