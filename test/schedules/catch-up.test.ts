import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { catchUpPolicies, type CatchUpPolicy, type Timing } from '../../src/contract/schedules.js';
import { caughtUpAtMost, planTicks } from '../../src/schedules/catch-up.js';
import { nextTick } from '../../src/schedules/next-tick.js';

const every10s: Timing = { kind: 'every', everyMs: 10_000, from: 0 };
const daily: Timing = { kind: 'cron', cron: '30 2 * * *', timeZone: 'UTC' };
const day = 24 * 3_600_000;
const half2 = 2.5 * 3_600_000;

function plan(timing: Timing, catchUp: CatchUpPolicy, first: number, now: number) {
  return planTicks({ timing, catchUp }, first, now);
}

test('a tick that has just come fires whatever the policy', () => {
  for (const catchUp of catchUpPolicies) {
    assert.deepEqual(plan(every10s, catchUp, 10_000, 10_003), { fire: [10_000], skipped: 0, nextAt: 20_000 });
    assert.deepEqual(plan(daily, catchUp, half2, half2 + 59_000), { fire: [half2], skipped: 0, nextAt: half2 + day });
  }
});

test('after downtime: nothing, the latest, or all', () => {
  const now = half2 + 2 * day + 3_600_000;
  const next = half2 + 3 * day;
  assert.deepEqual(plan(daily, 'none', half2, now), { fire: [], skipped: 3, nextAt: next });
  assert.deepEqual(plan(daily, 'last', half2, now), { fire: [half2 + 2 * day], skipped: 2, nextAt: next });
  assert.deepEqual(plan(daily, 'all', half2, now), { fire: [half2, half2 + day, half2 + 2 * day], skipped: 0, nextAt: next });
});

test('of a short period the latest tick is on time after downtime too, the others were missed', () => {
  assert.deepEqual(plan(every10s, 'none', 10_000, 45_000), { fire: [40_000], skipped: 3, nextAt: 50_000 });
});

test('one time that was missed comes late, or not at all', () => {
  const once: Timing = { kind: 'once', at: 1000 };
  assert.deepEqual(plan(once, 'none', 1000, 100_000), { fire: [], skipped: 1, nextAt: null });
  assert.deepEqual(plan(once, 'last', 1000, 100_000), { fire: [1000], skipped: 0, nextAt: null });
  assert.deepEqual(plan(once, 'all', 1000, 100_000), { fire: [1000], skipped: 0, nextAt: null });
});

test('at most the latest hundred are caught up with, the others are counted', () => {
  const { fire, skipped, nextAt } = plan(every10s, 'all', 10_000, 2_000_000);
  assert.deepEqual([fire.length, fire[0], fire.at(-1), skipped, nextAt], [100, 1_010_000, 2_000_000, 100, 2_010_000]);
  const minutely: Timing = { kind: 'cron', cron: '* * * * *', timeZone: 'UTC' };
  const minutes = plan(minutely, 'all', 60_000, 150 * 60_000);
  assert.deepEqual([minutes.fire.length, minutes.fire[0], minutes.skipped], [100, 51 * 60_000, 50]);
});

test('years of downtime of a second by second schedule are decided at once', () => {
  const secondly: Timing = { kind: 'cron', cron: '* * * * * *', timeZone: 'UTC' };
  const { fire, skipped } = plan(secondly, 'all', 1000, 3 * 365 * day);
  assert.equal(fire.length, 100);
  assert.ok(skipped >= 1000);
  const oneDayAYear: Timing = { kind: 'cron', cron: '* * * 1 7 *', timeZone: 'UTC' };
  const rare = plan(oneDayAYear, 'all', Date.UTC(2020, 6, 1), Date.UTC(2026, 5, 1));
  assert.deepEqual([rare.fire.length, rare.fire.at(-1)], [100, Date.UTC(2025, 6, 1, 23, 59, 59)]);
});

test('no tick is fired twice or left out: those that fire are the last of those that came, the others are counted', () => {
  const timing = fc.oneof(
    fc.integer({ min: 1000, max: day }).map((everyMs): Timing => ({ kind: 'every', everyMs, from: 0 })),
    fc
      .constantFrom('* * * * *', '*/7 * * * *', '30 2 * * *', '0 0 1 * *', '*/20 * * * * *')
      .map((cron): Timing => ({ kind: 'cron', cron, timeZone: 'Europe/Berlin' })),
  );
  const from = Date.UTC(2026, 2, 28);
  fc.assert(
    fc.property(
      timing,
      fc.constantFrom(...catchUpPolicies),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (when, policy, share) => {
        const first = nextTick(when, from)!;
        const now = first + Math.floor(share * 3 * 3_600_000);
        const came: number[] = [];
        for (let tick: number | null = first; tick !== null && tick <= now; tick = nextTick(when, tick)) came.push(tick);
        const { fire, skipped, nextAt } = plan(when, policy, first, now);
        assert.deepEqual(fire, came.slice(came.length - fire.length));
        assert.equal(skipped + fire.length, came.length);
        assert.equal(nextAt, nextTick(when, came.at(-1)!));
        if (policy === 'all') assert.equal(fire.length, Math.min(came.length, caughtUpAtMost));
        if (policy === 'last') assert.equal(fire.length, 1);
      },
    ),
    { numRuns: 100 },
  );
});
