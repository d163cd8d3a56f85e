import type { ManifestWarm, WarmWindow } from '../contract/manifest.js';
import { nextTick } from './next-tick.js';
import { readTiming } from './read-timing.js';

const minuteMs = 60_000;

/** Throws `schedule_invalid` for a window whose schema is right and whose cron or time zone is not. */
export function checkWarmWindows({ schedule }: ManifestWarm): void {
  for (const window of windowsOf(schedule)) timingOf(window);
}

/**
 * Whether the floor holds at that moment, and until when that can be told; without windows always. A window opens at each
 * tick of its cron and stays open for its minutes; windows may overlap.
 */
export function floorAt({ schedule }: ManifestWarm, now: number): { holds: boolean; until: number } {
  const windows = windowsOf(schedule);
  if (windows.length === 0) return { holds: true, until: Infinity };
  let closes = 0;
  let opens = Infinity;
  for (const window of windows) {
    const timing = timingOf(window);
    const lastsMs = window.minutes * minuteMs;
    // The earliest tick whose window has not ended: what begins later is looked at when this one ends.
    const tick = nextTick(timing, now - lastsMs);
    if (tick !== null && tick <= now) closes = Math.max(closes, tick + lastsMs);
    else opens = Math.min(opens, tick ?? Infinity);
  }
  return closes > 0 ? { holds: true, until: closes } : { holds: false, until: opens };
}

function windowsOf(schedule: ManifestWarm['schedule']): WarmWindow[] {
  return schedule === undefined ? [] : [schedule].flat();
}

function timingOf({ cron, time_zone: timeZone }: WarmWindow) {
  return readTiming({ cron, ...(timeZone === undefined ? {} : { timeZone }) }, Date.now());
}
