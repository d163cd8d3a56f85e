import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RunRecord } from '../../src/contract/records.js';
import type { RetryPolicy } from '../../src/contract/run-policy.js';
import { failureReasons } from '../../src/contract/words.js';
import { endOfFailure } from '../../src/runs/end-of-attempt.js';
import { retryDelay } from '../../src/runs/retry-delay.js';
import { settlePolicy, settleRetries } from '../../src/runs/settle-policy.js';

const policies: fc.Arbitrary<RetryPolicy> = fc.record({
  attempts: fc.integer({ min: 2, max: 101 }),
  delaysMs: fc.option(fc.array(fc.integer({ min: 0, max: 86_400_000 }), { minLength: 1, maxLength: 100 })),
  backoff: fc.constantFrom('fixed', 'exponential'),
  delayMs: fc.integer({ min: 0, max: 86_400_000 }),
  maxDelayMs: fc.integer({ min: 0, max: 86_400_000 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  on: fc.uniqueArray(fc.constantFrom(...failureReasons), { minLength: 1 }),
});
const chances = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

test('a delay is a whole number that is never below what jitter may take off, nor above the longest', () => {
  fc.assert(
    fc.property(policies, fc.integer({ min: 1, max: 200 }), chances, (policy, failures, chance) => {
      const delay = retryDelay(policy, failures, chance);
      const whole = retryDelay({ ...policy, jitter: 0 }, failures, 0);
      assert.ok(Number.isInteger(delay));
      assert.ok(delay <= whole && delay >= Math.floor(whole * (1 - policy.jitter)));
      assert.ok(whole <= (policy.delaysMs === null ? policy.maxDelayMs : Math.max(...policy.delaysMs)));
    }),
  );
});

test('without jitter a backoff never shortens from one attempt to the next', () => {
  fc.assert(
    fc.property(policies, fc.integer({ min: 1, max: 100 }), (policy, failures) => {
      const steady = { ...policy, jitter: 0, delaysMs: null };
      assert.ok(retryDelay(steady, failures + 1, 0) >= retryDelay(steady, failures, 0));
    }),
  );
});

test('a list gives its delays one by one, and its last one again and again', () => {
  const policy = settleRetries({ delays_ms: [2000, 4000, 8000] })!;
  assert.equal(policy.attempts, 4);
  assert.deepEqual(
    [1, 2, 3, 4, 9].map((failures) => retryDelay(policy, failures, 0.9)),
    [2000, 4000, 8000, 8000, 8000],
  );
});

test('an exponential backoff doubles up to its longest delay', () => {
  const policy = settleRetries({ attempts: 10, delay_ms: 100, max_delay_ms: 1000, jitter: 0 })!;
  assert.deepEqual(
    [1, 2, 3, 4, 5, 50].map((failures) => retryDelay(policy, failures, 0)),
    [100, 200, 400, 800, 1000, 1000],
  );
});

test('a fixed backoff with a delay beyond the usual longest keeps it', () => {
  const policy = settleRetries({ attempts: 2, backoff: 'fixed', delay_ms: 3_600_000 })!;
  assert.equal(retryDelay(policy, 1, 0.5), 3_600_000);
});

test('a number of retries, one attempt and nothing', () => {
  assert.equal(settleRetries(3)!.attempts, 4);
  assert.equal(settleRetries(0), null);
  assert.equal(settleRetries({ attempts: 1 }), null);
  assert.equal(settleRetries(undefined), null);
});

test('what the caller asks for goes before the manifest, also when it asks for none', () => {
  const manifest = { retries: 5, on_failure: { event: 'broken' } };
  assert.equal(settlePolicy(manifest, {})!.retry!.attempts, 6);
  assert.equal(settlePolicy(manifest, { retries: 0 })!.retry, null);
  assert.deepEqual(settlePolicy(manifest, { onFailure: { function: 'mend' } })!.onFailure, { function: 'mend' });
  assert.equal(settlePolicy({}, {}), null);
});

test('a failure is repeated exactly while attempts are left and its reason is one of those', () => {
  fc.assert(
    fc.property(policies, fc.nat(150), fc.constantFrom(...failureReasons), (retry, failures, reason) => {
      const run = { failures, policy: { retry, onSuccess: null, onFailure: null } } as unknown as RunRecord;
      const end = endOfFailure(run, { reason, message: 'no', exitCode: null, timings: null });
      assert.equal(end.state, failures + 1 < retry.attempts && retry.on.includes(reason) ? 'queued' : 'failed');
    }),
  );
});
