import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Timing } from '../../src/contract/schedules.js';
import { isFixedTime, nextTick, nextTicks } from '../../src/schedules/next-tick.js';
import { type Field, type Pattern, textOf, ticksByHand } from './cron-by-hand.js';
import { changesIn, offsetAt } from './wall-clock.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Gaps and repetitions of 30 min, 1 h and 2 h, at midnight, at 1, 2 and 3, on either side of the equator, and none. */
const zones = [
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'America/Santiago',
  'America/Havana',
  'America/Sao_Paulo',
  'America/Asuncion',
  'America/Nuuk',
  'Atlantic/Azores',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Antarctica/Troll',
  'Asia/Beirut',
  'Asia/Gaza',
  'Asia/Tehran',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Auckland',
  'UTC',
];

function cronTiming(cron: string, timeZone: string): Timing {
  return { kind: 'cron', cron, timeZone };
}

const zone = fc.constantFrom(...zones);
const year = fc.integer({ min: 2000, max: 2037 });
/** Around a change of the clocks where the zone has one in that year, else anywhere in it. */
const moment = fc
  .tuple(zone, year, fc.nat(), fc.integer({ min: -30 * 60, max: 30 * 60 }))
  .map(([name, inYear, pick, minutes]) => {
    const changes = changesIn(name, inYear);
    const around = changes.length === 0 ? Date.UTC(inYear, 0, 1) + (pick % 365) * dayMs : changes[pick % changes.length]!;
    return { zone: name, at: around + minutes * 60_000 };
  });

function field(min: number, max: number): fc.Arbitrary<Field> {
  const value = fc.integer({ min, max });
  const any = fc.constant<Field>({ text: '*', fits: () => true, isWild: true });
  const list = fc
    .uniqueArray(value, { minLength: 1, maxLength: 4 })
    .map((values): Field => ({ text: values.join(','), fits: (given) => values.includes(given), isWild: false }));
  const range = fc.tuple(value, value).map(([one, two]): Field => {
    const [low, high] = [Math.min(one, two), Math.max(one, two)];
    return { text: `${low}-${high}`, fits: (given) => given >= low && given <= high, isWild: false };
  });
  const step = fc
    .integer({ min: 2, max: Math.min(max, 20) })
    .map((every): Field => ({ text: `*/${every}`, fits: (given) => (given - min) % every === 0, isWild: true }));
  return fc.oneof({ weight: 2, arbitrary: any }, { weight: 4, arbitrary: list }, range, step);
}

const pattern: fc.Arbitrary<Pattern> = fc.record({
  minute: field(0, 59),
  // Changes of the clocks happen in these hours.
  hour: fc.oneof(field(0, 4), field(0, 23)),
  day: fc.oneof({ weight: 3, arbitrary: fc.constant<Field>({ text: '*', fits: () => true, isWild: true }) }, field(1, 31)),
  month: fc.oneof({ weight: 3, arbitrary: fc.constant<Field>({ text: '*', fits: () => true, isWild: true }) }, field(1, 12)),
  weekday: fc.oneof({ weight: 3, arbitrary: fc.constant<Field>({ text: '*', fits: () => true, isWild: true }) }, field(0, 6)),
});

describe('cron over changes of the clocks', () => {
  test('ticks are those found by looking at every minute, none missing, none besides', () => {
    fc.assert(
      fc.property(moment, pattern, ({ zone, at }, fields) => {
        const [from, until] = [at - 40 * hourMs, at + 40 * hourMs];
        const timing = cronTiming(textOf(fields), zone);
        const ticks: number[] = [];
        for (let tick = nextTick(timing, at); tick !== null && tick < until; tick = nextTick(timing, tick)) ticks.push(tick);
        const expected = ticksByHand(fields, zone, from, until).filter((tick) => tick > at);
        assert.deepEqual(ticks.map(iso), expected.map(iso), `${textOf(fields)} in ${zone} after ${iso(at)}`);
      }),
      { numRuns: 250 },
    );
  });

  test('the next tick is the same from everywhere before it', () => {
    fc.assert(
      fc.property(moment, pattern, fc.double({ min: 0, max: 1, noNaN: true }), ({ zone, at }, fields, share) => {
        const timing = cronTiming(textOf(fields), zone);
        const tick = nextTick(timing, at);
        fc.pre(tick !== null);
        const between = Math.min(tick - 1, Math.floor(at + (tick - at) * share));
        assert.equal(nextTick(timing, between), tick);
        assert.equal(nextTick(timing, tick - 1), tick);
        assert.ok(nextTick(timing, tick)! > tick);
      }),
      { numRuns: 150 },
    );
  });

  test('a time of the day comes once each local day, also where the clock is changed', () => {
    const time = fc.record({ hour: fc.integer({ min: 0, max: 4 }), minute: fc.integer({ min: 0, max: 59 }) });
    fc.assert(
      fc.property(zone, year, time, (name, inYear, { hour, minute }) => {
        const timing = cronTiming(`${minute} ${hour} * * *`, name);
        for (const change of changesIn(name, inYear)) {
          const ticks = nextTicks(timing, change - 3 * dayMs, 5).map((tick) => localDay(name, tick));
          const days = ticks.map((_, index) => ticks[0]! + index);
          assert.deepEqual(ticks, days, `${minute} ${hour} * * * in ${name} around ${iso(change)}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('with seconds each second that fits comes, through a repeated hour too', () => {
    const timing = cronTiming('*/20 59 * * * *', 'Europe/Berlin');
    assert.deepEqual(nextTicks(timing, Date.UTC(2026, 9, 24, 23, 59, 30), 7).map(iso), [
      '2026-10-24T23:59:40.000Z',
      '2026-10-25T00:59:00.000Z',
      '2026-10-25T00:59:20.000Z',
      '2026-10-25T00:59:40.000Z',
      '2026-10-25T01:59:00.000Z',
      '2026-10-25T01:59:20.000Z',
      '2026-10-25T01:59:40.000Z',
    ]);
  });

  test('the documented examples', () => {
    const berlin = (cron: string, after: string, count: number) =>
      nextTicks(cronTiming(cron, 'Europe/Berlin'), Date.parse(after), count).map(iso);
    // 02:30 does not exist on March 29, and comes twice on October 25.
    assert.deepEqual(berlin('30 2 * * *', '2026-03-28T12:00:00Z', 2), ['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z']);
    assert.deepEqual(berlin('30 2 * * *', '2026-10-24T12:00:00Z', 2), ['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z']);
    assert.deepEqual(berlin('0,30 2 * * *', '2026-03-28T12:00:00Z', 2), ['2026-03-29T01:00:00.000Z', '2026-03-30T00:00:00.000Z']);
    assert.deepEqual(berlin('0 * * * *', '2026-10-24T23:30:00Z', 3), [
      '2026-10-25T00:00:00.000Z',
      '2026-10-25T01:00:00.000Z',
      '2026-10-25T02:00:00.000Z',
    ]);
    assert.deepEqual(berlin('*/30 2 * * *', '2026-03-28T12:00:00Z', 1), ['2026-03-30T00:00:00.000Z']);
  });

  test('which patterns name times of the day', () => {
    for (const cron of ['30 2 * * *', '0,30 2-4 * * 1', '5 30 2 * * *', '@daily']) assert.equal(isFixedTime(cron), true, cron);
    for (const cron of ['* 2 * * *', '30 * * * *', '30 */2 * * *', '*/15 2 * * *', '* 30 2 * * *', '@hourly'])
      assert.equal(isFixedTime(cron), false, cron);
  });
});

describe('other timings', () => {
  test('periods do not drift, however late they are looked at', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 10 * dayMs }),
        fc.integer({ min: 0, max: 4e12 }),
        fc.integer({ min: -4e12, max: 4e12 }),
        (everyMs, from, distance) => {
          const timing: Timing = { kind: 'every', everyMs, from };
          const tick = nextTick(timing, from + distance)!;
          assert.ok(tick > from + distance && tick > from);
          assert.equal((tick - from) % everyMs, 0);
          assert.ok(distance < 0 || tick - (from + distance) <= everyMs, 'none is left out');
          assert.equal(nextTick(timing, tick), tick + everyMs);
        },
      ),
    );
  });

  test('once comes once', () => {
    const timing: Timing = { kind: 'once', at: 5000 };
    assert.deepEqual([nextTick(timing, 4999), nextTick(timing, 5000), nextTicks(timing, 0, 5)], [5000, null, [5000]]);
  });
});

function localDay(name: string, instant: number): number {
  return Math.floor((instant + offsetAt(name, instant)) / dayMs);
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
