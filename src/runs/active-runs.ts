import type { RunRecord } from '../contract/records.js';
import type { RunMode } from '../contract/words.js';
import { ShortLivedMap } from '../short-lived-map.js';
import type { PreparedRun } from './run-request.js';

/** A run that this server carries out now, or a sync run whose record is not written yet. */
export interface ActiveRun {
  prepared: PreparedRun;
  mode: RunMode;
  attempt: number;
  fence: number;
  createdAt: number;
  startedAt: number;
}

/** The runs of this server by id: what reads and cancels look at before the records. */
export class ActiveRuns {
  readonly #runs = new ShortLivedMap<ActiveRun>();

  add(run: ActiveRun): void {
    this.#runs.set(run.prepared.id, run);
  }

  /** Leaves a later attempt of the same run alone. */
  remove(id: string, fence: number): void {
    if (this.#runs.get(id)?.fence === fence) this.#runs.delete(id);
  }

  get(id: string): ActiveRun | undefined {
    return this.#runs.get(id);
  }

  get size(): number {
    return this.#runs.size;
  }

  values(): Iterable<ActiveRun> {
    return this.#runs.values();
  }
}

/** An active run as its record would stand; what only a queued run has is empty. */
export function recordOfActive(run: ActiveRun): RunRecord {
  const { id, request, version, isolation, timeoutMs } = run.prepared;
  return {
    id,
    mode: run.mode,
    source: request.source,
    executor: 'local',
    callerId: request.callerId,
    keyId: request.keyId,
    function: version.function,
    lane: version.lane,
    version: version.version,
    versionAsked: request.version,
    isolation,
    type: request.type,
    entryFile: request.entryFile,
    state: 'running',
    reason: null,
    message: null,
    exitCode: null,
    attempt: run.attempt,
    fence: run.fence,
    priority: 0,
    dueAt: run.createdAt,
    readyAt: null,
    leaseUntil: null,
    leaseOwner: null,
    deaths: 0,
    failures: 0,
    policy: null,
    expiresAt: null,
    traceparent: request.traceparent ?? null,
    redriveOf: null,
    redrivenAs: null,
    scheduleId: null,
    deadAt: null,
    delivery: null,
    cancelRequestedAt: null,
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    endedAt: null,
    timeoutMs,
    timings: null,
    payloadBytes: Buffer.byteLength(request.payload ?? ''),
    resultBytes: 0,
  };
}
