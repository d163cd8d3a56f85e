import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deploy, makeExecutor, runOnce, until, isAlive } from './support.js';

test("memory of a function's children counts as its own", async (t) => {
  const executor = makeExecutor(t);
  const { outcome, ear } = await runOnce(executor, deploy('hungry-child/index.mjs', { memory_mb: 100 }), {
    isolation: 'process',
  });
  assert.ok(!outcome.ok);
  assert.equal(outcome.reason, 'out_of_memory');
  assert.match(outcome.message, /^\d+ MB of 100 MB$/);
  const child = Number(/child (\d+)/.exec(ear.text)?.[1]);
  await until(() => !isAlive(child));
});

test('a function may use what its manifest gives it', async (t) => {
  const executor = makeExecutor(t);
  const { outcome } = await runOnce(executor, deploy('faults/index.mjs', { memory_mb: 512 }), {
    isolation: 'process',
    payload: 'someBuffers',
  });
  assert.ok(outcome.ok);
});
