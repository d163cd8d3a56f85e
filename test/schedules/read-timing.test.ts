import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LanewayError } from '../../src/errors.js';
import { readTiming } from '../../src/schedules/read-timing.js';

test('each way to say when', () => {
  assert.deepEqual(readTiming({ cron: '  0  9 * * MON-FRI ' }, 0), { kind: 'cron', cron: '0 9 * * MON-FRI', timeZone: 'UTC' });
  assert.deepEqual(readTiming({ cron: '*/5 * * * * *', timeZone: 'Asia/Kolkata' }, 0), {
    kind: 'cron',
    cron: '*/5 * * * * *',
    timeZone: 'Asia/Kolkata',
  });
  assert.deepEqual(readTiming({ cron: '@daily' }, 0), { kind: 'cron', cron: '@daily', timeZone: 'UTC' });
  assert.deepEqual(readTiming({ everyMs: 1000 }, 77), { kind: 'every', everyMs: 1000, from: 77 });
  assert.deepEqual(readTiming({ at: 5 }, 77), { kind: 'once', at: 5 });
});

test('a day that is rare is no mistake, one that never comes is', () => {
  assert.equal(readTiming({ cron: '0 0 29 2 *' }, Date.UTC(2097, 0)).kind, 'cron');
  assert.throws(() => readTiming({ cron: '0 0 30 2 *' }, 0), problem(/never comes/));
});

test('what is no time is refused with the reason', () => {
  const wrong: [Parameters<typeof readTiming>[0], RegExp][] = [
    [{}, /one of cron, every_ms and at/],
    [{ cron: '* * * * *', everyMs: 1000 }, /one of/],
    [{ cron: '' }, /needs 5 fields, or 6.*not 0/],
    [{ cron: '* * * *' }, /not 4/],
    [{ cron: '* * * * * * *' }, /not 7/],
    [{ cron: '61 * * * *' }, /minute/],
    [{ cron: '* * * * X' }, /illegal/],
    [{ cron: '*/0 * * * *' }, /stepping/],
    [{ cron: '@reboot' }, /./],
    [{ cron: '2026-01-01T00:00:00' }, /not 1/],
    [{ cron: `* * * * ${'1,'.repeat(200)}1` }, /longer/],
    [{ cron: '* * * * *', timeZone: 'Mars/Olympus' }, /Mars\/Olympus" is not known/],
    [{ cron: '* * * * *', timeZone: '+02:00' }, /not a name/],
    [{ cron: '* * * * *', timeZone: '' }, /not a name/],
    [{ everyMs: 1000, timeZone: 'UTC' }, /goes with cron/],
    [{ everyMs: 999 }, /1000 to/],
    [{ everyMs: 1000.5 }, /1000 to/],
    [{ everyMs: 1e12 }, /1000 to/],
    [{ at: Number.NaN }, /not a time/],
    [{ at: 1e16 }, /not a time/],
  ];
  for (const [wish, says] of wrong) assert.throws(() => readTiming(wish, 0), problem(says), JSON.stringify(wish));
});

function problem(says: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof LanewayError);
    assert.equal(error.code, 'schedule_invalid');
    assert.match(error.message, says);
    return true;
  };
}
