import type { Attempt } from '../contract/executor.js';
import type { EndedSyncRun, RunEnd, RunRecord } from '../contract/records.js';
import type { AttemptTracer, EndedAttempt } from '../contract/tracing.js';
import type { RunState, Runtime } from '../contract/words.js';
import type { PreparedRun } from './run-request.js';
import { spanIdOf, traceparentOf } from './trace-context.js';

/** A sync run, which is one attempt; its record follows behind, so that is no time of the run. */
export function endedSyncAttempt(run: EndedSyncRun, attempt: Attempt, prepared: PreparedRun): EndedAttempt {
  const { timings } = run;
  const begunAt = run.createdAt - prepared.fetchMs - (prepared.loadMs ?? 0);
  return {
    runId: run.id,
    mode: 'sync',
    source: run.source,
    function: run.function,
    lane: run.lane,
    version: run.version,
    attempt: 1,
    runtime: attempt.entry.runtime,
    isolation: run.isolation,
    state: run.state,
    reason: run.reason,
    message: run.message,
    exitCode: run.exitCode,
    traceparent: attempt.traceparent!,
    previousSpanId: null,
    caller: run.traceparent,
    begunAt,
    // More exact than the time of day.
    endedAt: timings === null ? run.endedAt! : begunAt + timings.fetchMs + timings.waitMs + timings.startMs + timings.runMs,
    queuedMs: 0,
    timings,
    recordMs: null,
  };
}

/** When this server took an attempt up and when it had its outcome. */
export class AttemptClock {
  readonly begunAt = Date.now();
  readonly #begun = performance.now();
  #ended = this.#begun;
  runtime: Runtime | null = null;

  /** It has its outcome. */
  stop(): void {
    this.#ended = performance.now();
  }

  get endedAt(): number {
    return this.begunAt + this.#ended - this.#begun;
  }

  /** Since its outcome. */
  get recordMs(): number {
    return performance.now() - this.#ended;
  }
}

/** An attempt of a queued run, once its end is recorded. */
export function endedQueuedAttempt(
  run: RunRecord,
  end: RunEnd & { became: RunState },
  { clock, queuedMs, recordMs, tracer }: { clock: AttemptClock; queuedMs: number; recordMs: number; tracer: AttemptTracer },
): EndedAttempt {
  const failed = end.state === 'failed' || end.state === 'queued' ? end : null;
  const { id, attempt, traceparent: caller } = run;
  return {
    runId: id,
    mode: 'queued',
    source: run.source,
    function: run.function,
    lane: run.lane,
    version: run.version,
    attempt,
    runtime: clock.runtime,
    isolation: run.isolation,
    state: end.became,
    reason: failed?.reason ?? null,
    message: end.state === 'succeeded' ? null : end.message,
    exitCode: failed?.exitCode ?? null,
    traceparent: traceparentOf({ runId: id, attempt, caller }, tracer),
    previousSpanId: attempt > 1 ? spanIdOf(id, attempt - 1) : null,
    caller,
    begunAt: clock.begunAt,
    endedAt: clock.endedAt,
    queuedMs,
    timings: end.timings,
    recordMs,
  };
}

/** From being due to being taken up; both by the database's clock. */
export function queuedMsOf({ dueAt, startedAt }: Pick<RunRecord, 'dueAt' | 'startedAt'>): number {
  return startedAt === null ? 0 : Math.max(0, startedAt - dueAt);
}
