import type { EndedSyncRun, RunFilter, RunRecord, RunRecords } from '../contract/records.js';
import { LanewayError } from '../errors.js';
import { type ActiveRuns, recordOfActive } from './active-runs.js';
import type { WriteBehind } from './write-behind.js';

/** Reads runs: first those that only this server knows of yet, then the records. */
export class FindRuns {
  constructor(private readonly parts: { runs: RunRecords; active: ActiveRuns; writeBehind: WriteBehind }) {}

  /** Rejects with `run_not_found`. */
  async get(id: string): Promise<RunRecord> {
    const found = this.#here(id) ?? (await this.parts.runs.get(id)) ?? this.#here(id);
    if (found === null || found === undefined) throw new LanewayError('run_not_found', { id });
    return found;
  }

  /** Newest first; `after` is the place of the last one seen. */
  async list(filter: RunFilter, limit: number, after: { createdAt: number; id: string } | null): Promise<RunRecord[]> {
    await this.parts.writeBehind.flush();
    const recorded = await this.parts.runs.list(filter, limit, after);
    const known = new Set(recorded.map((run) => run.id));
    const here = [...this.parts.active.values()]
      .filter((run) => run.mode === 'sync')
      .map(recordOfActive)
      .filter((run) => !known.has(run.id) && fits(run, filter) && isAfter(run, after));
    return [...here, ...recorded].sort(newestFirst).slice(0, limit);
  }

  /** JSON text of an ended run's result; null when it has none. */
  async result(id: string): Promise<string | null> {
    const waiting = this.parts.writeBehind.get(id);
    return waiting === undefined ? this.parts.runs.result(id) : waiting.result;
  }

  #here(id: string): RunRecord | null {
    const active = this.parts.active.get(id);
    // The record of a queued run says more than what is kept here.
    if (active?.mode === 'sync') return recordOfActive(active);
    const waiting = this.parts.writeBehind.get(id);
    return waiting === undefined ? null : completed(waiting);
  }
}

function completed(run: EndedSyncRun): RunRecord {
  return { ...blankOfSync, mode: 'sync', dueAt: run.createdAt, ...run };
}

/** What only queued runs have. */
const blankOfSync = {
  attempt: 1,
  failures: 0,
  fence: 0,
  priority: 0,
  deaths: 0,
  readyAt: null,
  leaseUntil: null,
  leaseOwner: null,
  policy: null,
  expiresAt: null,
  redriveOf: null,
  redrivenAs: null,
  scheduleId: null,
  deadAt: null,
  delivery: null,
  cancelRequestedAt: null,
};

function fits(run: RunRecord, filter: RunFilter): boolean {
  const same = (key: 'function' | 'lane' | 'version' | 'callerId' | 'mode' | 'source' | 'scheduleId') =>
    filter[key] === undefined || run[key] === filter[key];
  return (
    same('function') &&
    same('lane') &&
    same('version') &&
    same('callerId') &&
    same('mode') &&
    same('source') &&
    same('scheduleId') &&
    (filter.dead !== true || run.deadAt !== null) &&
    (filter.states === undefined || filter.states.includes(run.state)) &&
    run.createdAt >= (filter.createdFrom ?? 0) &&
    run.createdAt <= (filter.createdUntil ?? Infinity)
  );
}

function isAfter(run: RunRecord, place: { createdAt: number; id: string } | null): boolean {
  return place === null || newestFirst(place, run) < 0;
}

function newestFirst(a: { createdAt: number; id: string }, b: { createdAt: number; id: string }): number {
  return b.createdAt - a.createdAt || (b.id < a.id ? -1 : b.id > a.id ? 1 : 0);
}
