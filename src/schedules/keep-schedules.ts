import { randomUUID } from 'node:crypto';
import type { RunRecords } from '../contract/records.js';
import type {
  ScheduleDefinition,
  ScheduleOutlook,
  ScheduleRecord,
  ScheduleRecords,
  Schedules,
  ScheduleWish,
} from '../contract/schedules.js';
import { LanewayError } from '../errors.js';
import type { Runs } from '../runs/open-runs.js';
import { defineSchedule } from './define-schedule.js';
import { describeTiming } from './describe-timing.js';
import { scheduledRun } from './fire-tick.js';
import { nextTick, nextTicks } from './next-tick.js';

/** bounded: schedules of one function in one lane. */
const perLaneAtMost = 1000;
const ticksShown = 5;

export interface KeepParts {
  schedules: ScheduleRecords;
  clock: Pick<RunRecords, 'now'>;
  runs: Pick<Runs, 'accept'>;
  /** A schedule was changed. */
  onChange: () => void;
  /** A name is free again, which the lane's manifest may want. */
  onNameFree: (lane: { function: string; lane: string }) => void;
}

/** Makes, changes, pauses and shows schedules for the ways in. Those of a manifest are paused here and changed by pushes. */
export class KeptSchedules implements Schedules {
  readonly #parts: KeepParts;

  constructor(parts: KeepParts) {
    this.#parts = parts;
  }

  async make(functionName: string, lane: string, wish: ScheduleWish): Promise<ScheduleRecord> {
    if ((await this.list({ function: functionName, lane })).length >= perLaneAtMost) {
      throw new LanewayError('schedule_invalid', { problem: `the lane has ${perLaneAtMost} schedules, which is the limit` });
    }
    const id = randomUUID();
    const place = { id, name: wish.name ?? `schedule-${id.slice(0, 8)}`, function: functionName, lane, origin: 'api' } as const;
    const now = await this.#parts.clock.now();
    return this.#put(defineSchedule(place, wish, { from: now, before: null }), now);
  }

  async change(id: string, wish: ScheduleWish): Promise<ScheduleRecord> {
    const before = await this.#changeable(id);
    const now = await this.#parts.clock.now();
    const name = wish.name ?? before.name;
    const changed = await this.#put(defineSchedule({ ...before, name }, wish, { from: now, before }), now);
    if (name !== before.name) this.#parts.onNameFree(before);
    return changed;
  }

  async remove(id: string): Promise<void> {
    const schedule = await this.#changeable(id);
    await this.#parts.schedules.remove(id);
    this.#parts.onChange();
    this.#parts.onNameFree(schedule);
  }

  async get(id: string): Promise<ScheduleRecord> {
    return found(id, await this.#parts.schedules.get(id));
  }

  list(filter: { function?: string; lane?: string }): Promise<ScheduleRecord[]> {
    return this.#parts.schedules.list(filter);
  }

  async outlook({ timing, nextAt }: ScheduleRecord): Promise<ScheduleOutlook> {
    const later = nextAt === null ? [] : [nextAt, ...nextTicks(timing, nextAt, ticksShown - 1)];
    return { next: later, timing: describeTiming(timing) };
  }

  async pause(id: string): Promise<ScheduleRecord> {
    const paused = found(id, await this.#parts.schedules.setPaused(id, true, null));
    this.#parts.onChange();
    return paused;
  }

  async resume(id: string): Promise<ScheduleRecord> {
    const schedule = await this.get(id);
    // One that goes on already keeps its tick, which may be due at this moment.
    if (schedule.pausedAt === null) return schedule;
    const nextAt = nextTick(schedule.timing, await this.#parts.clock.now());
    const resumed = found(id, await this.#parts.schedules.setPaused(id, false, nextAt));
    this.#parts.onChange();
    return resumed;
  }

  async runNow(id: string): Promise<string> {
    const schedule = await this.get(id);
    const run = await this.#parts.runs.accept(scheduledRun(schedule, await this.#parts.clock.now()));
    return run.id;
  }

  async #put(definition: ScheduleDefinition, now: number): Promise<ScheduleRecord> {
    const nextAt = nextTick(definition.timing, now);
    if (nextAt === null) throw new LanewayError('schedule_invalid', { problem: 'its time is past' });
    const schedule = await this.#parts.schedules.put(definition, nextAt);
    this.#parts.onChange();
    return schedule;
  }

  async #changeable(id: string): Promise<ScheduleRecord> {
    const schedule = await this.get(id);
    const { name, function: functionName, lane } = schedule;
    if (schedule.origin === 'manifest') throw new LanewayError('schedule_of_manifest', { name, function: functionName, lane });
    return schedule;
  }
}

function found(id: string, schedule: ScheduleRecord | null): ScheduleRecord {
  if (schedule === null) throw new LanewayError('schedule_not_found', { id });
  return schedule;
}
