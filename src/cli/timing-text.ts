import type { ScheduleView } from '../contract/api/schedules.js';

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

/** When a schedule fires, as one would ask for it: `30 2 * * * Europe/Berlin`, `every 5m`, `once`. */
export function timingText({ cron, time_zone: zone, every_ms: everyMs, at }: ScheduleView): string {
  if (cron !== null) return zone === 'UTC' ? cron : `${cron} ${zone}`;
  return everyMs === null ? `at ${at}` : `every ${durationText(everyMs)}`;
}

function durationText(ms: number): string {
  let text = '';
  for (const [unit, unitMs] of units) {
    const count = Math.floor(ms / unitMs);
    if (count > 0) text += `${count}${unit}`;
    ms %= unitMs;
  }
  return text;
}
