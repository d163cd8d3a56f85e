import type { RetryPolicy } from '../contract/run-policy.js';

/**
 * Milliseconds from the end of the n-th failed attempt (1 is the first) to the next one: from the list, whose last delay
 * repeats, or by the backoff; jitter takes a random share of it off, so that runs that failed together do not return
 * together. `random` is from 0 to 1.
 */
export function retryDelay(policy: RetryPolicy, failures: number, random: number): number {
  const { delaysMs, backoff, delayMs, maxDelayMs, jitter } = policy;
  const listed = delaysMs?.[Math.min(failures, delaysMs.length) - 1];
  const grown = backoff === 'fixed' ? delayMs : delayMs * 2 ** (failures - 1);
  const whole = listed ?? Math.min(grown, maxDelayMs);
  return Math.round(whole * (1 - jitter * random));
}
