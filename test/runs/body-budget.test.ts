import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyBudget } from '../../src/runs/body-budget.js';

const megabyte = 2 ** 20;

test('bodies wait in line for room, in the order they came', async () => {
  const budget = new BodyBudget(10 * megabyte);
  const order: string[] = [];
  const take = async (name: string, megabytes: number) => {
    const give = await budget.take(megabytes * megabyte);
    order.push(name);
    return give;
  };
  const giveFirst = await take('first', 8);
  const second = take('second', 4);
  // It would fit, but not before the one that came first.
  const third = take('third', 1);
  await turn();
  assert.deepEqual(order, ['first']);
  giveFirst();
  (await second)();
  (await third)();
  assert.deepEqual(order, ['first', 'second', 'third']);
  assert.equal(budget.taken, 0);
});

test('a body larger than all of it goes alone', async () => {
  const budget = new BodyBudget(megabyte);
  const give = await budget.take(5 * megabyte);
  await assert.rejects(budget.take(megabyte, 1), { code: 'server_busy', retryAfter: 5 });
  give();
  give();
  assert.equal(budget.taken, 0);
  (await budget.take(megabyte))();
});

test('who waited in vain does not keep those behind from the room there is', async () => {
  const budget = new BodyBudget(3 * megabyte);
  const give = await budget.take(2 * megabyte);
  const refused = assert.rejects(budget.take(2 * megabyte, 5), { code: 'server_busy' });
  const behind = budget.take(megabyte);
  await refused;
  (await behind)();
  give();
  assert.equal(budget.taken, 0);
});

test('small bodies are not counted', async () => {
  const budget = new BodyBudget(megabyte);
  await Promise.all(Array.from({ length: 100 }, () => budget.take(256 * 1024)));
  assert.equal(budget.taken, 0);
});

test('never more is taken than there is, and all of it comes back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 300 * 1024, max: 3 * megabyte }), { maxLength: 50 }), async (sizes) => {
      const budget = new BodyBudget(2 * megabyte);
      await Promise.all(
        sizes.map(async (bytes) => {
          const give = await budget.take(bytes, null);
          const alone = bytes > 2 * megabyte;
          assert.ok(budget.taken <= (alone ? bytes : 2 * megabyte));
          await turn();
          give();
        }),
      );
      assert.equal(budget.taken, 0);
    }),
    { numRuns: 50 },
  );
});
