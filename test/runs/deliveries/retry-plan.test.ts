import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextTryIn, readRetryAfter, triesAtMost } from '../../../src/runs/deliveries/retry-plan.js';

const even = 0.5;
const tries = Array.from({ length: triesAtMost - 1 }, (_, index) => index + 1);

test('the wait begins at a second, doubles, and ends at five minutes', () => {
  const waits = tries.map((done) => nextTryIn(done, null, even));
  assert.deepEqual(waits.slice(0, 10), [1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000]);
  assert.deepEqual(new Set(waits.slice(9)), new Set([300_000]));
});

test('it is given up after the last try, half an hour to an hour after the first', () => {
  assert.equal(nextTryIn(triesAtMost, null, even), null);
  assert.equal(nextTryIn(triesAtMost + 5, null, even), null);
  for (const chance of [0, 0.999]) {
    const minutes = tries.reduce((sum, done) => sum + nextTryIn(done, null, chance)!, 0) / 60_000;
    assert.ok(minutes > 30 && minutes < 60, `${minutes}`);
  }
});

test('a fifth of a wait is left to chance', () => {
  assert.equal(nextTryIn(1, null, 0), 800);
  assert.equal(nextTryIn(1, null, 1), 1200);
});

test('a receiver may ask for longer, within ten minutes, and never for sooner', () => {
  assert.equal(nextTryIn(1, 30_000, even), 30_000);
  assert.equal(nextTryIn(1, 86_400_000, even), 600_000);
  assert.equal(nextTryIn(5, 0, even), 16_000);
  assert.equal(nextTryIn(triesAtMost, 30_000, even), null);
});

test('Retry-After is read in both of its forms', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(readRetryAfter('120', now), 120_000);
  assert.equal(readRetryAfter('Thu, 01 Jan 2026 00:02:00 GMT', now), 120_000);
  assert.equal(readRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now), 0);
  assert.equal(readRetryAfter('soon', now), null);
  assert.equal(readRetryAfter(undefined, now), null);
});
