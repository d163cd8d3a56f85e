import type { AttemptOutcome } from '../contract/executor.js';
import type { RunEnd, RunRecord, RunTimings } from '../contract/records.js';
import type { FailureReason } from '../contract/words.js';
import { retryDelay } from './retry-delay.js';

/** How an attempt failed, whoever says so: the executor, or the refusal to begin it. */
export interface Failed {
  reason: FailureReason;
  message: string;
  exitCode: number | null;
  timings: RunTimings | null;
}

/** What the outcome of an attempt makes of its run: an end, or `queued` again. */
export function endOfAttempt(run: RunRecord, outcome: AttemptOutcome, fetchMs: number): RunEnd {
  const timings = { ...outcome.timings, fetchMs };
  if (outcome.ok) return { state: 'succeeded', result: outcome.result, timings };
  const { reason, message } = outcome;
  if (reason === 'cancelled') return { state: 'cancelled', message, timings };
  return endOfFailure(run, { reason, message, exitCode: outcome.exitCode ?? null, timings });
}

/** `failed`, unless the run's policy has another attempt for this reason. */
export function endOfFailure({ policy, failures }: RunRecord, failed: Failed): RunEnd {
  const retry = policy?.retry ?? null;
  const failedNow = failures + 1;
  if (retry === null || failedNow >= retry.attempts || !retry.on.includes(failed.reason)) return { state: 'failed', ...failed };
  return { state: 'queued', retryInMs: retryDelay(retry, failedNow, Math.random()), ...failed };
}
