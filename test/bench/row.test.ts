import assert from 'node:assert/strict';
import test from 'node:test';
import { beside, judged, roundsRow, timesRow, type Row } from '../../bench/row.js';

const row: Row = { what: 'calls', measured: 100, unit: '1/s' };

test('a ratio is the middle of the ratios of each round, whatever the machine did between rounds', () => {
  const { ratio, spread, peer } = beside(row, 'a peer', { own: [90, 9, 80], other: [100, 10, 100] });
  assert.equal(peer, 'a peer');
  assert.equal(ratio, 0.9);
  assert.ok(Math.abs(spread! - 0.1 / 0.9) < 1e-9);
});

test('a target is judged on the ratio, the figure or the middle time, from above or below', () => {
  assert.deepEqual(judged({ ...row, ratio: 0.85 }, { of: 'ratio', atLeast: 0.85 }), {
    ...row,
    ratio: 0.85,
    target: 'ratio >= 0.85',
    reached: true,
  });
  assert.equal(judged(row, { of: 'measured', atMost: 99 }).reached, false);
  assert.equal(judged(row, { of: 'measured', atMost: 99 }).target, '<= 99');
  assert.equal(judged({ ...row, p50: 0.1 }, { of: 'p50', atMost: 0.12 }).target, 'p50 <= 0.12');
  assert.equal(judged(row, { of: 'ratio', atLeast: 0.85 }).reached, false, 'without a figure nothing is reached');
});

test('times of all rounds are told by their middle, with how far the rounds lay apart', () => {
  const rounds = [
    [1, 2, 3],
    [2, 3, 4],
    [9, 10, 11],
  ];
  assert.deepEqual(timesRow('runs', rounds), { what: 'runs', measured: 3, unit: 'ms', p50: 3, p95: 11, p99: 11, spread: 8 / 3 });
});

test('one round says nothing of how calm the machine was', () => {
  assert.equal('spread' in timesRow('runs', [[1, 2]]), false);
  assert.equal('spread' in roundsRow('starts', 'ms', [1]), false);
});
