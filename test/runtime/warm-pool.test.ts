import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { LocalExecutor } from '../../src/runtime/local-executor.js';
import { LanewayError } from '../../src/errors.js';
import { attemptOf, deploy, Ear, levels, makeExecutor, processesWith, resultOf, runOnce, until } from './support.js';

interface Seen {
  pid: number;
  threadId: number;
  calls: number;
}

/** A file that runs of `gate` wait for. */
function makeGate(t: TestContext): { file: string; open: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'laneway-gate-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'open');
  return { file, open: () => writeFileSync(file, '') };
}

function countOf(executor: LocalExecutor, state: string): number {
  return executor.stats().workers.reduce((sum, entry) => sum + (entry.state === state ? entry.count : 0), 0);
}

for (const isolation of levels) {
  test(`a thousand calls one after the other use one worker at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    const version = deploy('gate/index.mjs');
    const first = (await resultOf(executor, version, { isolation })) as Seen;
    let last = first;
    for (let call = 1; call < 1000; call += 1) last = (await resultOf(executor, version, { isolation })) as Seen;
    assert.deepEqual(last, { ...first, calls: 1000 });
  });

  test(`fresh means a new worker for every run at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    const version = deploy('gate/index.mjs', { fresh: true });
    for (let call = 0; call < 3; call += 1) {
      const { outcome } = await runOnce(executor, version, { isolation });
      assert.ok(outcome.ok);
      assert.equal((JSON.parse(outcome.result!) as Seen).calls, 1);
      assert.equal(outcome.timings.cold, 'fresh');
    }
    await until(() => executor.stats().workers.length === 0);
  });
}

// A file outside is what they wait for, which is not to be seen from a cell.
for (const isolation of ['thread', 'process'] as const) {
  test(`calls at the same time get workers up to the version's cap and then wait at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    const gate = makeGate(t);
    const version = deploy('gate/index.mjs', { concurrency: 2 });
    const runs = [0, 1, 2, 3, 4].map(async (number) => {
      const { outcome } = await runOnce(executor, version, { isolation, payload: number < 2 ? gate.file : null });
      assert.ok(outcome.ok);
      return outcome.timings;
    });
    await until(() => countOf(executor, 'busy') === 2);
    assert.equal(executor.stats().waiting, 3);
    gate.open();
    const timings = await Promise.all(runs);
    assert.deepEqual(
      timings.map(({ cold }) => cold),
      ['first_call', 'all_busy', null, null, null],
    );
    assert.equal(countOf(executor, 'idle'), 2);
  });
}

test('who waits first is served first', async (t) => {
  const executor = makeExecutor(t);
  const gate = makeGate(t);
  const version = deploy('gate/index.mjs', { concurrency: 1 });
  const ended: number[] = [];
  const runs = [0, 1, 2, 3].map(async (number) => {
    await resultOf(executor, version, { payload: gate.file });
    ended.push(number);
  });
  gate.open();
  await Promise.all(runs);
  assert.deepEqual(ended, [0, 1, 2, 3]);
});

test('a full line refuses those who stand by and keeps the patient', async (t) => {
  const executor = makeExecutor(t, { limits: { maxWaiting: 1 } });
  const gate = makeGate(t);
  const version = deploy('gate/index.mjs', { concurrency: 1 });
  const running = resultOf(executor, version, { payload: gate.file });
  const waiting = resultOf(executor, version);
  await assert.rejects(executor.execute(attemptOf(version), new Ear()), (error: LanewayError) => {
    assert.deepEqual([error.code, error.status, error.details], ['function_busy', 429, { function: 'gate', limit: 1 }]);
    return true;
  });
  const patient = resultOf(executor, version, { wait: 'patient' });
  gate.open();
  await Promise.all([running, waiting, patient]);
});

test('a caller waits for a worker no longer than the function may run', async (t) => {
  const executor = makeExecutor(t);
  const gate = makeGate(t);
  const version = deploy('gate/index.mjs', { concurrency: 1 });
  const running = resultOf(executor, version, { payload: gate.file });
  await assert.rejects(executor.execute(attemptOf(version, { timeoutMs: 50 }), new Ear()), { code: 'server_busy' });
  gate.open();
  await running;
});

test('a run cancelled in the line never starts', async (t) => {
  const executor = makeExecutor(t);
  const gate = makeGate(t);
  const version = deploy('gate/index.mjs', { concurrency: 1 });
  const running = resultOf(executor, version, { payload: gate.file });
  const attempt = attemptOf(version);
  const waiting = executor.execute(attempt, new Ear());
  executor.cancel(attempt.runId);
  const outcome = await waiting;
  assert.ok(!outcome.ok);
  assert.deepEqual([outcome.reason, outcome.message], ['cancelled', 'the run was cancelled before it started']);
  gate.open();
  assert.equal(((await running) as Seen).calls, 1);
  assert.equal(((await resultOf(executor, version)) as Seen).calls, 2);
});

test('a full server ends the worker that was idle longest to make a place', async (t) => {
  const executor = makeExecutor(t, { limits: { maxWorkers: 2 } });
  const [first, second, third] = ['gate/index.mjs', 'counter/index.mjs', 'echo-payload/index.mjs'].map((path) => deploy(path));
  await resultOf(executor, first!);
  await resultOf(executor, second!);
  await resultOf(executor, third!);
  assert.equal((await runOnce(executor, second!)).outcome.timings.cold, null);
  assert.equal((await runOnce(executor, first!)).outcome.timings.cold, 'idle_retired');
});

test('a full server gives a place that becomes free to whom it is owed longest, whatever its version', async (t) => {
  const executor = makeExecutor(t, { limits: { maxWorkers: 1 } });
  const gate = makeGate(t);
  const ended: string[] = [];
  const call = async (name: string, path: string, payload: unknown) => {
    await resultOf(executor, deploy(path, { concurrency: 1 }), { payload });
    ended.push(name);
  };
  const calls = [
    call('a1', 'gate/index.mjs', gate.file),
    call('b1', 'echo-payload/index.mjs', null),
    call('a2', 'gate/index.mjs', gate.file),
  ];
  await until(() => executor.stats().waiting === 2);
  gate.open();
  await Promise.all(calls);
  assert.deepEqual(ended, ['a1', 'b1', 'a2']);
});

test('an idle worker is ended after its time', async (t) => {
  const executor = makeExecutor(t, { idleMs: 30 });
  const version = deploy('echo-payload/index.mjs');
  await resultOf(executor, version);
  await until(() => executor.stats().workers.length === 0);
  assert.equal((await runOnce(executor, version)).outcome.timings.cold, 'idle_retired');
});

test('a retired version loses its idle worker at once and its busy one after the run', async (t) => {
  const executor = makeExecutor(t);
  const gate = makeGate(t);
  const version = deploy('gate/index.mjs');
  const running = resultOf(executor, version, { payload: gate.file });
  await resultOf(executor, version);
  await until(() => countOf(executor, 'idle') === 1 && countOf(executor, 'busy') === 1);
  executor.retire(version.key);
  assert.equal(countOf(executor, 'idle'), 0);
  gate.open();
  await running;
  await until(() => executor.stats().workers.length === 0);
  assert.equal(((await resultOf(executor, version)) as Seen).calls, 1);
});

test('a secret that is not there refuses the run before anything is started', async (t) => {
  const executor = makeExecutor(t, {
    secretsFor: (names) => {
      throw new LanewayError('secret_not_found', { name: names[0]! });
    },
  });
  await assert.rejects(executor.execute(attemptOf(deploy('echo-payload/index.mjs', { secrets: ['TOKEN'] })), new Ear()), {
    code: 'secret_not_found',
  });
  assert.deepEqual(executor.stats().workers, []);
});

test('spares are started, given to a first call and started again', async (t) => {
  const executor = makeExecutor(t, { spares: { threads: 1, processes: 1, pythons: 0, wall: 'process' } });
  await until(() => countOf(executor, 'spare') === 2);
  const started = processesWith('laneway-runtime-');
  await resultOf(executor, deploy('gate/index.mjs'));
  const { pid } = (await resultOf(executor, deploy('gate/index.mjs'), { isolation: 'process' })) as Seen;
  assert.ok(started.includes(pid));
  await until(() => countOf(executor, 'spare') === 2 && countOf(executor, 'idle') === 2);
});

test('a version with a memory of its own gets a worker of its own', async (t) => {
  const executor = makeExecutor(t, { spares: { threads: 1, processes: 0 } });
  await until(() => countOf(executor, 'spare') === 1);
  await resultOf(executor, deploy('echo-payload/index.mjs', { memory_mb: 64 }));
  assert.equal(countOf(executor, 'spare'), 1);
});

test('runs of a quick function that wait for workers which turn out slow get others', async (t) => {
  const executor = makeExecutor(t);
  const gate = makeGate(t);
  const version = deploy('gate/index.mjs', { concurrency: 64 });
  const few = availableParallelism() + 1;
  // Quick ones first, so that it is known how long they take.
  for (let call = 0; call < 200; call += 1) await runOnce(executor, version, { isolation: 'thread' });
  // As many as may be busy hang; those behind them wait in vain, and get workers after all.
  const slow = Array.from({ length: few + 3 }, () => runOnce(executor, version, { isolation: 'thread', payload: gate.file }));
  await until(() => countOf(executor, 'busy') === few + 3);
  const { outcome } = await runOnce(executor, version, { isolation: 'thread' });
  assert.ok(outcome.ok);
  gate.open();
  await Promise.all(slow);
});
