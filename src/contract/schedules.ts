import type { Destination } from './run-policy.js';

/** A schedule's name: as a function's. */
export const scheduleNamePattern = '^(?!.*\\.\\.)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$';

/** When a schedule fires. */
export type Timing =
  /** 5 or 6 fields (with seconds), in an IANA time zone. */
  | { kind: 'cron'; cron: string; timeZone: string }
  /** Every so many milliseconds, counted from `from` (epoch milliseconds), so that ticks do not drift. */
  | { kind: 'every'; everyMs: number; from: number }
  /** Once, epoch milliseconds. */
  | { kind: 'once'; at: number };

/** What happens when a tick comes while the run of an earlier one is open; the first is the default. */
export const overlapPolicies = ['skip', 'queue', 'cancel_previous'] as const;
export type OverlapPolicy = (typeof overlapPolicies)[number];
/** Which of the ticks missed in downtime fire after it: the last one (the default), none, or all of them (bounded). */
export const catchUpPolicies = ['last', 'none', 'all'] as const;
export type CatchUpPolicy = (typeof catchUpPolicies)[number];

/** What a schedule is: all but what the server counts and notes. */
export interface ScheduleDefinition {
  /** A GUID; of a manifest's schedule it follows from function, lane and name, so that it stays the same over versions. */
  id: string;
  /** Unique within its function and lane. */
  name: string;
  function: string;
  lane: string;
  /** As asked: nothing is the lane's current version at each tick. */
  version: string;
  timing: Timing;
  /** JSON text. */
  payload: string | null;
  overlap: OverlapPolicy;
  catchUp: CatchUpPolicy;
  onFailure: Destination | null;
  /** `manifest`: made and changed by pushes to its lane. */
  origin: 'api' | 'manifest';
  keyId: string | null;
}

/** All times are epoch milliseconds by the database's clock. */
export interface ScheduleRecord extends ScheduleDefinition {
  pausedAt: number | null;
  /** The next tick; null when there is none any more, and while it is paused. */
  nextAt: number | null;
  /** The latest tick that fired, and its run. */
  lastAt: number | null;
  lastRunId: string | null;
  /** Ticks that fired, and that were skipped: by overlap, by catch-up, or because the run was refused for good. */
  fired: number;
  skipped: number;
  /** Why the latest tick was skipped; null when it fired. */
  lastProblem: string | null;
  /** Grows by one with each change by `put` and `setPaused`. */
  revision: number;
  createdAt: number;
  updatedAt: number;
}

export interface ScheduleRecords {
  /**
   * Inserts, or replaces the one with that id: pause and counts stay, its next tick too when the timing does, and one that
   * is paused stays without a next tick. Rejects with `schedule_exists` when another schedule of the lane has its name.
   */
  put(definition: ScheduleDefinition, nextAt: number | null): Promise<ScheduleRecord>;
  get(id: string): Promise<ScheduleRecord | null>;
  /** By function, lane and name. */
  list(filter: { function?: string; lane?: string; origin?: ScheduleRecord['origin'] }): Promise<ScheduleRecord[]>;
  remove(id: string): Promise<boolean>;
  /** Paused (then without a next tick) or going on, with the next tick that this gives; null when unknown. */
  setPaused(id: string, paused: boolean, nextAt: number | null): Promise<ScheduleRecord | null>;
  /** With a tick at or before `until`, earliest first, after the given place. */
  due(until: number, limit: number, after: { nextAt: number; id: string } | null): Promise<ScheduleRecord[]>;
  /** The earliest tick of all after that time; null when there is none. */
  nextTick(after: number): Promise<number | null>;
  /**
   * One firing per tick: compare-and-set on tick and revision. False when another server was faster, or the schedule was
   * changed, paused or removed.
   */
  advance(from: { id: string; tick: number; revision: number }, to: ScheduleAdvance): Promise<boolean>;
  /** Lanes with a manifest's schedule here, or with a version whose manifest may have one. */
  lanesWithManifestSchedules(): Promise<{ function: string; lane: string }[]>;
}

export interface ScheduleAdvance {
  nextAt: number | null;
  /** By how many they grow. */
  fired: number;
  skipped: number;
  /** The tick that fired and its run; null leaves what is there. */
  last: { at: number; runId: string } | null;
  problem: string | null;
}

/** A schedule as it is asked for: exactly one of `cron`, `everyMs` and `at`. */
export interface ScheduleWish {
  name: string | null;
  version: string;
  cron?: string;
  /** Only with `cron`; UTC when absent. */
  timeZone?: string;
  everyMs?: number;
  /** Epoch milliseconds. */
  at?: number;
  /** JSON text. */
  payload: string | null;
  overlap?: OverlapPolicy;
  catchUp?: CatchUpPolicy;
  onFailure?: Destination;
  keyId: string | null;
}

/** How a schedule is understood. */
export interface ScheduleOutlook {
  /** The next ticks, at most five; none while it is paused. */
  next: number[];
  /** In words. */
  timing: string;
}

/** Schedules as a way in sees them. All but `list` reject with `schedule_not_found`. */
export interface Schedules {
  /** Rejects with `schedule_invalid` or `schedule_exists`. */
  make(functionName: string, lane: string, wish: ScheduleWish): Promise<ScheduleRecord>;
  /** Replaces all of it but function and lane. Rejects as `make`, and with `schedule_of_manifest`. */
  change(id: string, wish: ScheduleWish): Promise<ScheduleRecord>;
  /** Rejects with `schedule_of_manifest`. */
  remove(id: string): Promise<void>;
  get(id: string): Promise<ScheduleRecord>;
  list(filter: { function?: string; lane?: string }): Promise<ScheduleRecord[]>;
  outlook(schedule: ScheduleRecord): Promise<ScheduleOutlook>;
  pause(id: string): Promise<ScheduleRecord>;
  /** From the next tick on; what was missed while it was paused is not caught up with. */
  resume(id: string): Promise<ScheduleRecord>;
  /** An extra run at once, whatever its ticks and policies; resolves with the run's id. */
  runNow(id: string): Promise<string>;
}
