import assert from 'node:assert/strict';
import test from 'node:test';
import { compareLines } from '../../bench/compare.js';
import type { Line, Row } from '../../bench/row.js';

const rate = (measured: number, more: Partial<Row> = {}): Row => ({ what: 'calls', measured, unit: '1/s', ...more });
const time = (measured: number, more: Partial<Row> = {}): Row => ({ what: 'calls', measured, unit: 'ms', ...more });

/** The cells of the only row, by two spaces or more. */
function compared(before: Line[], now: Line): string[] {
  return compareLines(before, [now]).split('\n')[1]!.split(/ {2,}/);
}

test('a rate that falls by more than the rounds lay apart is worse', () => {
  assert.deepEqual(compared([rate(1000, { spread: 0.05 })], rate(900, { spread: 0.04 })), [
    'calls',
    '1000 1/s',
    '900 1/s',
    '-10.0%',
    'WORSE',
  ]);
  assert.equal(compared([rate(1000, { spread: 0.05 })], rate(1100, { spread: 0.04 })).at(-1), 'better');
});

test('a time that grows is worse, one that shrinks is better', () => {
  assert.equal(compared([time(1, { spread: 0.05 })], time(1.2, { spread: 0.05 })).at(-1), 'WORSE');
  assert.equal(compared([time(1, { spread: 0.05 })], time(0.8, { spread: 0.05 })).at(-1), 'better');
});

test('a change within the noise of the noisier run is only shown', () => {
  assert.deepEqual(compared([rate(1000, { spread: 0.01 })], rate(850, { spread: 0.2 })), [
    'calls',
    '1000 1/s',
    '850 1/s',
    '-15.0%',
  ]);
});

test('a row without rounds counts as noisy, and rounds that lie close by chance not as exact', () => {
  assert.equal(compared([rate(1000)], rate(920)).at(-1), '-8.0%');
  assert.equal(compared([rate(1000)], rate(880)).at(-1), 'WORSE');
  assert.equal(compared([rate(1000, { spread: 0 })], rate(980, { spread: 0 })).at(-1), '-2.0%');
});

test('a ratio is judged in place of the figure when both runs have it against the same peer', () => {
  const before = rate(1000, { spread: 0.15, peer: 'bare fastify', ratio: 0.8 });
  const slowMachine = rate(500, { spread: 0.05, peer: 'bare fastify', ratio: 0.88 });
  assert.deepEqual(compared([before], slowMachine), ['calls', '1000 1/s', '500 1/s', '-50.0%', '0.80', '0.88', '+10.0%']);
  const otherPeer = rate(500, { spread: 0.05, peer: 'another', ratio: 0.81 });
  assert.equal(compared([before], otherPeer).at(-1), 'WORSE');
});

test('the processor time of a call is compared where both runs have it', () => {
  const [before, now] = [rate(1000, { cpuUs: 40 }), rate(1000, { cpuUs: 30 })];
  assert.deepEqual(compared([before], now), ['calls', '1000 1/s', '1000 1/s', '+0.0%', '-25.0%']);
  assert.deepEqual(compared([rate(1000)], now), ['calls', '1000 1/s', '1000 1/s', '+0.0%']);
});

test('what is new, and what can no longer be measured, is said', () => {
  assert.deepEqual(compared([], rate(10)), ['calls', '10.000 1/s', 'new']);
  assert.deepEqual(compared([rate(10)], { what: 'calls', absent: 'no such program' }), [
    'calls',
    '10.000 1/s',
    'not measured now',
  ]);
  assert.equal(compared([{ what: 'calls', absent: 'no such program' }], rate(10)).at(-1), 'new');
});
