import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attemptOf,
  deploy,
  Ear,
  isAlive,
  levels,
  makeExecutor,
  onEveryWall,
  processLevels,
  resultOf,
  runOnce,
  until,
} from './support.js';

for (const [isolation, path] of onEveryWall([
  ['thread', 'deadline/index.mjs'],
  ['process', 'deadline/index.mjs'],
  ['process', 'deadline/main.py'],
])) {
  test(`a run past its time is told so by its signal and then ended: ${path} at ${isolation}`, async (t) => {
    const { outcome, ear } = await runOnce(makeExecutor(t), deploy(path), { isolation, timeoutMs: 400 });
    assert.ok(!outcome.ok);
    assert.deepEqual([outcome.reason, outcome.message], ['timeout', 'timed out after 400 ms']);
    assert.match(ear.text, /aborted: TimeoutError|cancelled/);
  });

  test(`a run that throws when its signal fires has timed out, and its worker stays: ${path} at ${isolation}`, async (t) => {
    const executor = makeExecutor(t, { graceMs: 20_000 });
    const more = { isolation, payload: 'throws', timeoutMs: 3000 };
    const { outcome } = await runOnce(executor, deploy(path), more);
    assert.ok(!outcome.ok);
    assert.deepEqual([outcome.reason, outcome.message], ['timeout', 'timed out after 3000 ms']);
    assert.equal(executor.stats().workers.filter(({ state }) => state === 'idle').length, 1);
  });

  test(`a cancelled run that gives up by itself is cancelled, and its worker stays: ${path} at ${isolation}`, async (t) => {
    const executor = makeExecutor(t, { graceMs: 20_000 });
    const version = deploy(path);
    for (let round = 0; round < 2; round += 1) {
      const attempt = attemptOf(version, { isolation, payload: 'gives up' });
      const ear = new Ear();
      const running = executor.execute(attempt, ear);
      await until(() => executor.stats().workers.some(({ state }) => state === 'busy'));
      executor.cancel(attempt.runId);
      const outcome = await running;
      assert.ok(!outcome.ok);
      assert.equal(outcome.reason, 'cancelled');
      assert.match(ear.text, /aborted: AbortError|cancelled/);
    }
    assert.equal(executor.stats().coldStarts.worker_ended, 0);
  });

  test(`a cancelled run that does not give up is killed: ${path} at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    const attempt = attemptOf(deploy(path), { isolation });
    const running = executor.execute(attempt, new Ear());
    await until(() => executor.stats().workers.some(({ state }) => state === 'busy'));
    executor.cancel(attempt.runId);
    const outcome = await running;
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'cancelled');
    await until(() => executor.stats().workers.length === 0);
  });
}

for (const [isolation, path] of onEveryWall([
  ['thread', 'faults/index.mjs'],
  ['process', 'faults/index.mjs'],
  ['process', 'faults/main.py'],
])) {
  test(`a loop without end is ended by its timeout, with what it printed: ${path} at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    const version = deploy(path, { concurrency: 1 });
    const { outcome, ear } = await runOnce(executor, version, { isolation, payload: 'loops', timeoutMs: 500 });
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'timeout');
    assert.equal(ear.text, 'about to loop\n');
    await resultOf(executor, version, { isolation, payload: 'fine' });
  });
}

for (const [path, payload] of [
  ['faults/index.mjs', 'spawnsAndWaits'],
  ['faults/main.py', 'spawns_and_waits'],
  ['deadline/run.sh', ''],
] as const) {
  test(`a timeout ends children that ignore SIGTERM too: ${path}`, async (t) => {
    const { outcome, ear } = await runOnce(makeExecutor(t), deploy(path), { isolation: 'process', payload, timeoutMs: 1000 });
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'timeout');
    const child = Number(/child (\d+)/.exec(ear.text)?.[1]);
    assert.ok(child > 1, ear.text);
    await until(() => !isAlive(child));
  });
}

for (const isolation of processLevels) {
  test(`an executable is asked to end before it is killed at ${isolation}`, async (t) => {
    const { ear } = await runOnce(makeExecutor(t, { graceMs: 500 }), deploy('deadline/run.sh'), {
      isolation,
      timeoutMs: 6000,
    });
    assert.match(ear.text, /asked to end/);
  });
}

for (const [isolation, file] of onEveryWall([
  ['process', 'run.sh'],
  ['process', 'trap.sh'],
])) {
  test(`an executable that ends because it is asked to has timed out: ${file} at ${isolation}`, async (t) => {
    const { outcome } = await runOnce(makeExecutor(t), deploy(`executable-obeys/${file}`), {
      isolation,
      timeoutMs: 500,
    });
    assert.ok(!outcome.ok);
    assert.deepEqual([outcome.reason, outcome.message], ['timeout', 'timed out after 500 ms']);
  });
}

test('a run that is still loading when its time is over times out', async (t) => {
  const executor = makeExecutor(t);
  for (const isolation of levels) {
    const { outcome } = await runOnce(executor, deploy('load-loops/index.mjs'), { isolation, timeoutMs: 300 });
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'timeout');
  }
});

test('a cancel of an unknown or ended run does nothing', async (t) => {
  const executor = makeExecutor(t);
  const attempt = attemptOf(deploy('echo-payload/index.mjs'));
  await executor.execute(attempt, new Ear());
  executor.cancel(attempt.runId);
  executor.cancel('018f0000-0000-7000-8000-00000000ffff');
  await resultOf(executor, attempt.version);
});

test('the timings tell why it was slow', async (t) => {
  const executor = makeExecutor(t);
  const first = await runOnce(executor, deploy('echo-payload/index.mjs'));
  const second = await runOnce(executor, deploy('echo-payload/index.mjs'));
  assert.equal(first.outcome.timings.cold, 'first_call');
  assert.ok(first.outcome.timings.startMs > 0);
  assert.equal(second.outcome.timings.cold, null);
});

test('a thread that hangs in native code does not hold up the outcome of its run', async (t) => {
  const executor = makeExecutor(t);
  const { outcome } = await runOnce(executor, deploy('hangs-natively/index.mjs'), { timeoutMs: 1000 });
  assert.ok(!outcome.ok);
  assert.equal(outcome.reason, 'timeout');
  assert.deepEqual(executor.stats().workers, [{ kind: 'thread', state: 'ending', count: 1 }]);
});
