import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyLimits } from '../../src/access/rate-limit.js';
import type { Principal } from '../../src/contract/principal.js';
import { LanewayError } from '../../src/errors.js';

function principal(given: Partial<Principal>): Principal {
  return {
    keyId: 'abcdefgh',
    scopes: new Set(),
    functions: null,
    lanes: null,
    ratePerMinute: null,
    maxConcurrent: null,
    ...given,
  };
}

function refusal(limits: KeyLimits, who: Principal): LanewayError {
  try {
    limits.countRequest(who);
  } catch (error) {
    return error as LanewayError;
  }
  throw new Error('was not refused');
}

test('a minute holds as many requests as the key says, and tells when the next one fits', () => {
  let now = 0;
  const limits = new KeyLimits(0, () => now);
  const who = principal({ ratePerMinute: 6 });
  for (let request = 0; request < 6; request += 1) limits.countRequest(who);
  const error = refusal(limits, who);
  assert.equal(error.code, 'rate_limited');
  assert.equal(error.status, 429);
  assert.deepEqual(error.details, { limit: 6, seconds: 10 });
  assert.equal(error.retryAfter, 10);
  now = 9999;
  assert.equal(refusal(limits, who).retryAfter, 1);
  now = 10_000;
  limits.countRequest(who);
  refusal(limits, who);
});

test('whoever waits as long as told is let in', () => {
  let now = 0;
  const limits = new KeyLimits(0, () => now);
  for (const rate of [1, 7, 59, 60, 61, 999, 100_000]) {
    const who = principal({ keyId: `key${rate}`, ratePerMinute: rate });
    for (let request = 0; request < rate; request += 1) limits.countRequest(who);
    now += refusal(limits, who).retryAfter! * 1000;
    limits.countRequest(who);
  }
});

test('over any hour no more than rate times minutes and one bucket get through', () => {
  let now = 0;
  const limits = new KeyLimits(0, () => now);
  const who = principal({ ratePerMinute: 30 });
  let passed = 0;
  let seed = 7;
  while (now < 3_600_000) {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    now += seed % 900;
    try {
      limits.countRequest(who);
      passed += 1;
    } catch {
      continue;
    }
  }
  assert.ok(passed <= 30 * 60 + 30, String(passed));
  assert.ok(passed >= 30 * 59, String(passed));
});

test('a pause never saves up more than one minute, and a clock that goes back gives nothing', () => {
  let now = 0;
  const limits = new KeyLimits(0, () => now);
  const who = principal({ ratePerMinute: 2 });
  limits.countRequest(who);
  now = 86_400_000;
  limits.countRequest(who);
  limits.countRequest(who);
  refusal(limits, who);
  now = 0;
  refusal(limits, who);
});

test('a clock that goes back takes nothing away either', () => {
  let now = 60_000;
  const limits = new KeyLimits(0, () => now);
  const who = principal({ ratePerMinute: 2 });
  limits.countRequest(who);
  now = 0;
  limits.countRequest(who);
  refusal(limits, who);
});

test('keys without a rate take the default, each its own, and 0 is no limit', () => {
  const limited = new KeyLimits(2, () => 0);
  for (const keyId of ['one', 'two', null]) {
    limited.countRequest(principal({ keyId }));
    limited.countRequest(principal({ keyId }));
    refusal(limited, principal({ keyId }));
  }
  const free = new KeyLimits(0, () => 0);
  for (let request = 0; request < 10_000; request += 1) free.countRequest(principal({}));
});

test('bounded: buckets of keys that went quiet are forgotten, those in use are not', () => {
  let now = 0;
  const limits = new KeyLimits(1, () => now);
  for (let key = 0; key < 10_000; key += 1) limits.countRequest(principal({ keyId: `old${key}` }));
  now = 59_000;
  limits.countRequest(principal({ keyId: 'fresh1' }));
  refusal(limits, principal({ keyId: 'old5' }));
  now = 60_000;
  limits.countRequest(principal({ keyId: 'fresh2' }));
  for (let key = 0; key < 9_999; key += 1) limits.countRequest(principal({ keyId: `new${key}` }));
  refusal(limits, principal({ keyId: 'fresh1' }));
  assert.ok(limits.size <= 10_002, String(limits.size));
});

test('a key has as many calls under way as it may, and each place comes back once', () => {
  const limits = new KeyLimits(0, () => 0);
  const who = principal({ maxConcurrent: 2 });
  const first = limits.enterCall(who);
  const second = limits.enterCall(who);
  assert.throws(() => limits.enterCall(who), { code: 'key_concurrency', status: 429, retryAfter: 1 });
  limits.enterCall(principal({ keyId: 'somebody', maxConcurrent: 1 }))();
  first();
  first();
  first();
  const third = limits.enterCall(who);
  assert.throws(() => limits.enterCall(who), { code: 'key_concurrency' });
  second();
  third();
  for (let round = 0; round < 100; round += 1) limits.enterCall(who)();
});

test('a key without a limit always gets in', () => {
  const limits = new KeyLimits(0, () => 0);
  for (let call = 0; call < 1000; call += 1) limits.enterCall(principal({}));
});
