import assert from 'node:assert/strict';
import test from 'node:test';
import { inTurns } from '../../bench/turns.js';

test('everything is measured once before anything is measured again', async () => {
  const order: string[] = [];
  const measure = (name: string) => () => {
    order.push(name);
    return Promise.resolve(order.length);
  };
  const results = await inTurns(2, { first: measure('first'), second: measure('second') });
  assert.deepEqual(order, ['first', 'second', 'first', 'second']);
  assert.deepEqual(results, { first: [1, 3], second: [2, 4] });
});
