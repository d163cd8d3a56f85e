import type { Runtime, FailureReason, Isolation, RunMode, RunState } from './words.js';
import type { RunTimings } from './run-records.js';

/** Where ended attempts are told, when traces are exported. Never throws and never waits. */
export interface AttemptTracer {
  /** Whether the spans of a trace are exported; `callerSampled` is what the caller says of its own, null when there is none. */
  isSampled(traceId: string, callerSampled: boolean | null): boolean;
  attemptEnded(attempt: EndedAttempt): void;
}

/** One attempt of a run with all that is known at its end. */
export interface EndedAttempt {
  runId: string;
  mode: RunMode;
  /** Which way in. */
  source: string;
  function: string;
  lane: string;
  version: string;
  /** 1 for the first. */
  attempt: number;
  /** Null when it was not found out: the version was not there. */
  runtime: Runtime | null;
  isolation: Isolation | null;
  /** What it made of its run; `queued` when the run is to be attempted again. */
  state: RunState;
  reason: FailureReason | null;
  message: string | null;
  exitCode: number | null;
  /** W3C trace context that the function got: trace, this attempt, flags. */
  traceparent: string;
  /** The span of the attempt before, of which this one is a repetition. */
  previousSpanId: string | null;
  /** W3C trace context of the caller, which this attempt is a child of. */
  caller: string | null;
  /** When this server took it up and when it had its outcome, epoch milliseconds by this server's clock. */
  begunAt: number;
  endedAt: number;
  /** Before that, from being due to being taken up. */
  queuedMs: number;
  timings: RunTimings | null;
  /** After that, until its log and end were recorded; null when that is not waited for. */
  recordMs: number | null;
}
