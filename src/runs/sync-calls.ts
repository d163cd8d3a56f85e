import type { Logger } from 'pino';
import type { AttemptOutcome, AttemptSink, AttemptTimings, Executor, HttpExchange } from '../contract/executor.js';
import type { EndedSyncRun, RunRecords, RunTimings } from '../contract/records.js';
import type { FunctionStore } from '../contract/store.js';
import type { AttemptTracer } from '../contract/tracing.js';
import { LanewayError } from '../errors.js';
import type { ActiveRun, ActiveRuns } from './active-runs.js';
import { attemptOf } from './attempt-of.js';
import { endedSyncAttempt } from './ended-attempt.js';
import { logEnd } from './log-run.js';
import { prepareRun, type PreparePolicy, refuseWhatIsNotJson } from './prepare-run.js';
import type { EventRecorder } from './record-events.js';
import type { RunCounts } from './run-counts.js';
import type { PreparedRun, RunRequest } from './run-request.js';
import type { WriteBehind } from './write-behind.js';

export interface SyncCallParts {
  store: FunctionStore;
  executor: Executor;
  runs: RunRecords;
  active: ActiveRuns;
  recorder: EventRecorder;
  writeBehind: WriteBehind;
  counts: RunCounts;
  tracer: AttemptTracer | null;
  log: Logger;
  isDraining: () => boolean;
  policy: PreparePolicy & { maxSyncTimeoutMs: number };
}

/** A sync run that has ended. */
export interface SyncAnswer {
  run: EndedSyncRun;
  outcome: AttemptOutcome;
}

/**
 * Runs carried out in the request that asks for them, on this server and without the queue.
 * Their record is written behind the answer.
 */
export class SyncCalls {
  constructor(private readonly parts: SyncCallParts) {}

  /** Rejects with refusals only: what the function did is in the outcome. */
  async call(request: RunRequest): Promise<SyncAnswer> {
    const prepared = await this.prepare(request);
    return this.#carryOut(prepared, (attempt, sink) => this.parts.executor.execute(attempt, sink));
  }

  /** A whole HTTP exchange with a function that speaks `fetch`. */
  exchange(prepared: PreparedRun, exchange: HttpExchange): Promise<SyncAnswer> {
    return this.#carryOut(prepared, (attempt, sink) => this.parts.executor.exchange(attempt, exchange, sink));
  }

  /** Decides what a request will run, for a way in that must know before it reads the body. */
  prepare(request: RunRequest): PreparedRun | Promise<PreparedRun> {
    if (this.parts.isDraining()) throw new LanewayError('shutting_down');
    this.parts.writeBehind.refuseWhenFull();
    const prepare = () => prepareRun(request, this.parts.policy.maxSyncTimeoutMs, this.parts);
    return request.id === undefined ? prepare() : this.#refuseIdInUse(request.id).then(prepare);
  }

  /** `call` for a request that was prepared before its payload was read. Rejects with `payload_invalid` too. */
  callWithPayload(prepared: PreparedRun, payload: string | null): Promise<SyncAnswer> {
    refuseWhatIsNotJson(payload);
    prepared.request.payload = payload;
    return this.#carryOut(prepared, (attempt, sink) => this.parts.executor.execute(attempt, sink));
  }

  async #carryOut(
    prepared: PreparedRun,
    execute: (attempt: ReturnType<typeof attemptOf>, sink: AttemptSink) => Promise<AttemptOutcome>,
  ): Promise<SyncAnswer> {
    const { active, recorder, writeBehind, counts, tracer, log } = this.parts;
    const { id } = prepared;
    if (active.get(id) !== undefined) throw new LanewayError('run_id_in_use', { id });
    const now = Date.now();
    const run: ActiveRun = { prepared, mode: 'sync', attempt: 1, fence: 0, createdAt: now, startedAt: now };
    active.add(run);
    try {
      const attempt = attemptOf(prepared, 1, { wait: 'bounded', tracer });
      const outcome = await execute(attempt, recorder.sinkFor(id, 1));
      const ended = endedSyncRun(run, outcome);
      writeBehind.add(ended);
      counts.ended(ended);
      logEnd(log, ended);
      tracer?.attemptEnded(endedSyncAttempt(ended, attempt, prepared));
      return { run: ended, outcome };
    } finally {
      active.remove(id, run.fence);
    }
  }

  async #refuseIdInUse(id: string): Promise<void> {
    const { active, writeBehind, runs } = this.parts;
    const inUse = active.get(id) ?? writeBehind.get(id) ?? (await runs.get(id));
    if (inUse) throw new LanewayError('run_id_in_use', { id });
  }
}

/** With what came before the executor was asked. */
function wholeTimings({ cold, waitMs, startMs, runMs }: AttemptTimings, { fetchMs, loadMs = 0 }: PreparedRun): RunTimings {
  return { cold, fetchMs, waitMs, startMs: startMs + loadMs, runMs };
}

/** Written out field by field: this happens for every call, and spreading objects costs several times as much. */
function endedSyncRun(run: ActiveRun, outcome: AttemptOutcome): EndedSyncRun {
  const { id, request, version, isolation, timeoutMs } = run.prepared;
  const { payload } = request;
  const result = outcome.ok ? outcome.result : null;
  const wasCancelled = !outcome.ok && outcome.reason === 'cancelled';
  return {
    id,
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
    state: outcome.ok ? 'succeeded' : wasCancelled ? 'cancelled' : 'failed',
    reason: outcome.ok || outcome.reason === 'cancelled' ? null : outcome.reason,
    message: outcome.ok ? null : outcome.message,
    exitCode: outcome.ok ? null : (outcome.exitCode ?? null),
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    endedAt: Date.now(),
    timeoutMs,
    traceparent: request.traceparent ?? null,
    timings: wholeTimings(outcome.timings, run.prepared),
    payloadBytes: payload === null ? 0 : Buffer.byteLength(payload),
    resultBytes: result === null ? 0 : Buffer.byteLength(result),
    payload: outcome.ok ? null : payload,
    result,
  };
}
