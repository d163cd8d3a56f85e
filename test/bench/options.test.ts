import assert from 'node:assert/strict';
import test from 'node:test';
import { readOptions } from '../../bench/options.js';

const known = ['idle', 'sync'];

test('without cases all of them are run, with the usual rounds', () => {
  assert.deepEqual(readOptions([], known), { cases: ['idle', 'sync'], rounds: 5, compare: null, profiles: null });
});

test('cases, rounds, an earlier file and a folder for profiles can be given in any order', () => {
  assert.deepEqual(readOptions(['--compare', 'results.json', 'sync', '--rounds', '1', '--cpu-prof', 'profiles'], known), {
    cases: ['sync'],
    rounds: 1,
    compare: 'results.json',
    profiles: 'profiles',
  });
});

test('an unknown case, option or number of rounds is refused', () => {
  assert.throws(() => readOptions(['sink'], known), /there is no case sink; there are idle, sync/);
  assert.throws(() => readOptions(['--fast'], known), /--fast/);
  assert.throws(() => readOptions(['--rounds', '0'], known), /--rounds wants a number from 1 on, not 0/);
  assert.throws(() => readOptions(['--rounds', 'many'], known), /not many/);
});
