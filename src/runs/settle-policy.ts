import type { Manifest } from '../contract/manifest.js';
import type { Retries, RetryPolicy, RunPolicy } from '../contract/run-policy.js';
import type { FailureReason } from '../contract/words.js';
import type { QueuedWishes } from './run-request.js';

/** What another attempt may mend: all but a version that can't be run and a result that will be too large again. */
const retriedByDefault: readonly FailureReason[] = [
  'function_error',
  'timeout',
  'out_of_memory',
  'exit_code',
  'worker_lost',
  'no_executor',
];

const backoffByDefault = { delayMs: 1000, maxDelayMs: 300_000, jitter: 0.2 } as const;

/** What the caller asked for, else what the manifest says; null when there is nothing to be done after a failure or an end. */
export function settlePolicy(manifest: Manifest, wishes: QueuedWishes): RunPolicy | null {
  const retry = settleRetries(wishes.retries ?? manifest.retries);
  const onSuccess = wishes.onSuccess ?? manifest.on_success ?? null;
  const onFailure = wishes.onFailure ?? manifest.on_failure ?? null;
  if (retry === null && onSuccess === null && onFailure === null) return null;
  return { retry, onSuccess, onFailure, ...(wishes.hops === undefined ? {} : { hops: wishes.hops }) };
}

/** Every default filled in; null when a failure is final. */
export function settleRetries(retries: Retries | undefined): RetryPolicy | null {
  if (retries === undefined) return null;
  const wanted = typeof retries === 'number' ? { attempts: retries + 1 } : retries;
  const attempts = wanted.attempts ?? (wanted.delays_ms === undefined ? 3 : wanted.delays_ms.length + 1);
  if (attempts === 1) return null;
  return {
    attempts,
    delaysMs: wanted.delays_ms ?? null,
    backoff: wanted.backoff ?? 'exponential',
    delayMs: wanted.delay_ms ?? backoffByDefault.delayMs,
    maxDelayMs: wanted.max_delay_ms ?? Math.max(backoffByDefault.maxDelayMs, wanted.delay_ms ?? 0),
    jitter: wanted.jitter ?? (wanted.delays_ms === undefined && wanted.backoff !== 'fixed' ? backoffByDefault.jitter : 0),
    on: wanted.on ?? retriedByDefault,
  };
}
