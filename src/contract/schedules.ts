import type { Destination } from './run-policy.js';

/** When a schedule fires. */
export type Timing =
  /** 5 or 6 fields (with seconds), in an IANA time zone. */
  | { kind: 'cron'; cron: string; timeZone: string }
  /** Every so many milliseconds, counted from `from` (epoch milliseconds), so that ticks do not drift. */
  | { kind: 'every'; everyMs: number; from: number }
  /** Once, epoch milliseconds. */
  | { kind: 'once'; at: number };

/** What happens when a tick comes while the run of an earlier one is open. */
export const overlapPolicies = ['queue', 'skip', 'cancel_previous'] as const;
export type OverlapPolicy = (typeof overlapPolicies)[number];
/** What happens after downtime to the ticks that were missed: nothing, the last one, or all of them (bounded). */
export const catchUpPolicies = ['none', 'last', 'all'] as const;
export type CatchUpPolicy = (typeof catchUpPolicies)[number];

export interface ScheduleRecord {
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
  pausedAt: number | null;
  /** The next tick, epoch milliseconds; null when there is none any more. */
  nextAt: number | null;
  lastAt: number | null;
  lastRunId: string | null;
  /** Ticks that fired, and that were skipped by overlap or catch-up. */
  fired: number;
  skipped: number;
  keyId: string | null;
  createdAt: number;
  updatedAt: number;
}

export interface ScheduleRecords {
  /** Inserts or replaces by id. Rejects with `schedule_exists` when another schedule of the lane has its name. */
  put(schedule: Omit<ScheduleRecord, 'createdAt' | 'updatedAt'>): Promise<ScheduleRecord>;
  get(id: string): Promise<ScheduleRecord | null>;
  list(filter: { function?: string; lane?: string }): Promise<ScheduleRecord[]>;
  remove(id: string): Promise<boolean>;
  /** Paused or going on, with the next tick that this gives; null when unknown. */
  setPaused(id: string, paused: boolean, nextAt: number | null): Promise<ScheduleRecord | null>;
  /** Not paused, with a tick at or before `until` (epoch milliseconds), earliest first. */
  due(until: number, limit: number): Promise<ScheduleRecord[]>;
  /** The earliest tick of all that are not paused; null when there is none. */
  nextTick(): Promise<number | null>;
  /**
   * One firing per tick: compare-and-set on `nextAt`. False when another server was faster, or the schedule was changed.
   */
  advance(
    id: string,
    tick: number,
    to: { nextAt: number | null; fired: number; skipped: number; lastAt: number | null; lastRunId: string | null },
  ): Promise<boolean>;
}
