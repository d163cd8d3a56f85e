import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordsClock } from '../../src/records/sqlite/inside/records-clock.js';

test('the clock of the records goes with the wall clock, and forward with it', () => {
  const { clocks, pass, set } = machine(1_000_000);
  const clock = new RecordsClock(0, clocks);
  assert.equal(clock.now(), 1_000_000);
  pass(50);
  assert.equal(clock.now(), 1_000_050);
  set(5_000_000);
  assert.equal(clock.now(), 5_000_000);
});

test('it never goes back: a wall clock that was put back is waited for, at half the speed', () => {
  const { clocks, pass, set } = machine(1_000_000);
  const clock = new RecordsClock(0, clocks);
  set(999_000);
  assert.equal(clock.now(), 1_000_000);
  pass(1000);
  assert.equal(clock.now(), 1_000_500);
  pass(1000);
  assert.equal(clock.now(), 1_001_000);
  pass(1000);
  assert.equal(clock.now(), 1_002_000);
});

test('a start with a wall clock behind the records goes on from what they hold', () => {
  const { clocks, pass } = machine(1_000_000);
  const clock = new RecordsClock(2_000_000, clocks);
  assert.equal(clock.now(), 2_000_000);
  pass(10);
  assert.equal(clock.now(), 2_000_005);
});

function machine(start: number) {
  let [wall, steady] = [start, 7];
  return {
    clocks: { wall: () => wall, steady: () => steady },
    pass: (ms: number) => {
      wall += ms;
      steady += ms;
    },
    set: (time: number) => (wall = time),
  };
}
