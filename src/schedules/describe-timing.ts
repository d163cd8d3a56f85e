import type { Timing } from '../contract/schedules.js';
import { isFixedTime } from './next-tick.js';

/** How a timing is understood, in words; the ticks themselves say the rest. */
export function describeTiming(timing: Timing): string {
  if (timing.kind === 'once') return `once, at ${new Date(timing.at).toISOString()}`;
  if (timing.kind === 'every')
    return `every ${describePeriod(timing.everyMs)}, counted from ${new Date(timing.from).toISOString()}`;
  const rule = isFixedTime(timing.cron)
    ? 'times of the day, each once where the clock is changed'
    : 'an interval, whenever the clock shows it';
  return `${describeFields(timing.cron)}, by the clock of ${timing.timeZone}; ${rule}`;
}

const units: [name: string, ms: number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
  ['millisecond', 1],
];

function describePeriod(ms: number): string {
  const pieces: string[] = [];
  for (const [name, unitMs] of units) {
    const count = Math.floor(ms / unitMs);
    ms %= unitMs;
    if (count > 0) pieces.push(`${count} ${name}${count === 1 ? '' : 's'}`);
  }
  return pieces.join(' ');
}

const fieldNames = ['second', 'minute', 'hour', 'day', 'month', 'weekday'];

function describeFields(cron: string): string {
  if (cron.startsWith('@')) return cron;
  const fields = cron.split(' ');
  const names = fieldNames.slice(fieldNames.length - fields.length);
  return fields.map((field, index) => (field === '*' ? `every ${names[index]}` : `${names[index]} ${field}`)).join(', ');
}
