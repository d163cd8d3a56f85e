import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ManifestWarm, WarmWindow } from '../../src/contract/manifest.js';
import { checkWarmWindows, floorAt } from '../../src/schedules/warm-windows.js';

const office: WarmWindow = { cron: '0 8 * * 1-5', minutes: 600, time_zone: 'Europe/Berlin' };

function at(schedule: ManifestWarm['schedule'], time: string): [holds: boolean, until: string | null] {
  const warm = { min: 1, ...(schedule === undefined ? {} : { schedule }) };
  const { holds, until } = floorAt(warm, Date.parse(time));
  return [holds, until === Infinity ? null : new Date(until).toISOString()];
}

test('without windows a floor always holds', () => {
  assert.deepEqual(at(undefined, '2026-03-02T10:00:00Z'), [true, null]);
});

test('a window holds from its tick on for its minutes, in its time zone', () => {
  assert.deepEqual(at(office, '2026-03-02T06:59:59Z'), [false, '2026-03-02T07:00:00.000Z']);
  assert.deepEqual(at(office, '2026-03-02T07:00:00Z'), [true, '2026-03-02T17:00:00.000Z']);
  assert.deepEqual(at(office, '2026-03-02T16:59:59Z'), [true, '2026-03-02T17:00:00.000Z']);
  assert.deepEqual(at(office, '2026-03-02T17:00:00Z'), [false, '2026-03-03T07:00:00.000Z']);
});

test('a window that ends on a Friday is not open until Monday', () => {
  assert.deepEqual(at(office, '2026-03-06T17:00:00Z'), [false, '2026-03-09T07:00:00.000Z']);
});

test('an hour of the clock that does not come makes no window shorter', () => {
  // Berlin's clocks go from 02:00 to 03:00 on 2026-03-29: 00:30 is 23:30Z, and three hours later it is 04:30.
  const night = { cron: '30 0 * * *', minutes: 180, time_zone: 'Europe/Berlin' };
  assert.deepEqual(at(night, '2026-03-29T02:29:59Z'), [true, '2026-03-29T02:30:00.000Z']);
  assert.deepEqual(at(night, '2026-03-29T02:30:00Z')[0], false);
});

test('windows may overlap: a floor holds while any of them is open', () => {
  const two = [
    { cron: '0 8 * * *', minutes: 120 },
    { cron: '0 9 * * *', minutes: 120 },
  ];
  assert.deepEqual(at(two, '2026-03-02T09:30:00Z'), [true, '2026-03-02T11:00:00.000Z']);
  assert.deepEqual(at(two, '2026-03-02T11:00:00Z'), [false, '2026-03-03T08:00:00.000Z']);
});

test('a window that opens anew before it closes does not close', () => {
  const often = { cron: '*/5 * * * *', minutes: 10 };
  for (const time of ['10:00:00Z', '10:04:59Z', '10:07:00Z', '10:09:59Z', '10:10:00Z']) {
    assert.equal(at(often, `2026-03-02T${time}`)[0], true, time);
  }
});

test('what cron or the zone can not mean is refused', () => {
  assert.throws(() => checkWarmWindows({ min: 1, schedule: { cron: '0 8 30 2 *', minutes: 5 } }), /never comes/);
  assert.throws(() => checkWarmWindows({ min: 1, schedule: [{ ...office, time_zone: 'Mars' }] }), /time zone "Mars"/);
  checkWarmWindows({ min: 1, schedule: office });
});
