import type { Logger } from 'pino';
import type { AttemptOutcome, AttemptSink, Executor, HttpExchange } from '../contract/executor.js';
import type { EndedSyncRun, RunRecords } from '../contract/records.js';
import type { FunctionStore } from '../contract/store.js';
import { LanewayError } from '../errors.js';
import { type ActiveRun, type ActiveRuns, recordOf } from './active-runs.js';
import { attemptOf } from './attempt-of.js';
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
    const prepared = await this.#prepare(request);
    return this.#carryOut(prepared, (attempt, sink) => this.parts.executor.execute(attempt, sink));
  }

  /** A whole HTTP exchange with a function that speaks `fetch`. */
  async exchange(prepared: PreparedRun, exchange: HttpExchange): Promise<SyncAnswer> {
    return this.#carryOut(prepared, (attempt, sink) => this.parts.executor.exchange(attempt, exchange, sink));
  }

  /** Decides what a request will run, for a way in that must know before it reads the body. */
  async prepare(request: RunRequest): Promise<PreparedRun> {
    return this.#prepare(request);
  }

  /** `call` for a request that was prepared before its payload was read. Rejects with `payload_invalid` too. */
  async callWithPayload(prepared: PreparedRun, payload: string | null): Promise<SyncAnswer> {
    refuseWhatIsNotJson(payload);
    const complete = { ...prepared, request: { ...prepared.request, payload } };
    return this.#carryOut(complete, (attempt, sink) => this.parts.executor.execute(attempt, sink));
  }

  async #prepare(request: RunRequest): Promise<PreparedRun> {
    if (this.parts.isDraining()) throw new LanewayError('shutting_down');
    this.parts.writeBehind.refuseWhenFull();
    if (request.id !== undefined) await this.#refuseIdInUse(request.id);
    return prepareRun(request, this.parts.policy.maxSyncTimeoutMs, this.parts);
  }

  async #carryOut(
    prepared: PreparedRun,
    execute: (attempt: ReturnType<typeof attemptOf>, sink: AttemptSink) => Promise<AttemptOutcome>,
  ): Promise<SyncAnswer> {
    const { active, recorder, writeBehind, counts, log } = this.parts;
    const { id } = prepared;
    if (active.get(id) !== undefined) throw new LanewayError('run_id_in_use', { id });
    const now = Date.now();
    const run: ActiveRun = { prepared, mode: 'sync', attempt: 1, fence: 0, createdAt: now, startedAt: now, cancelled: false };
    active.add(run);
    try {
      const outcome = await execute(attemptOf(prepared, 1, 'bounded'), recorder.sinkFor(id, 1));
      const ended = endedSyncRun(run, outcome);
      writeBehind.add(ended);
      counts.ended(ended);
      logEnd(log, ended);
      return { run: ended, outcome };
    } finally {
      active.remove(id);
    }
  }

  async #refuseIdInUse(id: string): Promise<void> {
    const { active, writeBehind, runs } = this.parts;
    const inUse = active.get(id) ?? writeBehind.get(id) ?? (await runs.get(id));
    if (inUse) throw new LanewayError('run_id_in_use', { id });
  }
}

function endedSyncRun(run: ActiveRun, outcome: AttemptOutcome): EndedSyncRun {
  const record = recordOf(
    run,
    outcome.ok ? 'succeeded' : outcome.reason === 'cancelled' ? 'cancelled' : 'failed',
    outcome.timings,
  );
  const result = outcome.ok ? outcome.result : null;
  return {
    ...record,
    reason: outcome.ok || outcome.reason === 'cancelled' ? null : outcome.reason,
    message: outcome.ok ? null : outcome.message,
    exitCode: outcome.ok ? null : (outcome.exitCode ?? null),
    endedAt: Date.now(),
    resultBytes: result?.length ?? 0,
    payload: outcome.ok ? null : run.prepared.request.payload,
    result,
  };
}
