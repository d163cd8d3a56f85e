import type { ScheduleDetail, ScheduleView } from '../contract/api/schedules.js';
import type { ScheduleOutlook, ScheduleRecord } from '../contract/schedules.js';
import { time, timeOrNull } from './views.js';

/** A schedule as lists show it: without its payload, which may be large. */
export function scheduleView(schedule: ScheduleRecord): ScheduleView {
  const { timing } = schedule;
  return {
    id: schedule.id,
    name: schedule.name,
    function: schedule.function,
    lane: schedule.lane,
    version: schedule.version,
    cron: timing.kind === 'cron' ? timing.cron : null,
    time_zone: timing.kind === 'cron' ? timing.timeZone : null,
    every_ms: timing.kind === 'every' ? timing.everyMs : null,
    at: timing.kind === 'once' ? time(timing.at) : null,
    overlap: schedule.overlap,
    catch_up: schedule.catchUp,
    on_failure: schedule.onFailure,
    origin: schedule.origin,
    paused_at: timeOrNull(schedule.pausedAt),
    next_at: timeOrNull(schedule.nextAt),
    last_at: timeOrNull(schedule.lastAt),
    last_run_id: schedule.lastRunId,
    last_problem: schedule.lastProblem,
    fired: schedule.fired,
    skipped: schedule.skipped,
    key_id: schedule.keyId,
    created_at: time(schedule.createdAt),
    updated_at: time(schedule.updatedAt),
  };
}

export function scheduleDetail(schedule: ScheduleRecord, outlook: ScheduleOutlook): ScheduleDetail {
  return {
    ...scheduleView(schedule),
    payload: schedule.payload === null ? null : (JSON.parse(schedule.payload) as unknown),
    understood_as: outlook.timing,
    next: outlook.next.map(time),
  };
}
