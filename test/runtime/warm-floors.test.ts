import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { DeployedVersion } from '../../src/contract/executor.js';
import type { WarmTarget } from '../../src/contract/warm.js';
import type { LocalExecutor } from '../../src/runtime/local-executor.js';
import { until } from '../until.js';
import { deploy, makeExecutor, resultOf, runOnce } from './support.js';

type Isolation = 'thread' | 'process';

function targetOf(version: DeployedVersion, isolation: Isolation = 'thread'): WarmTarget {
  return { version, entry: version.entry, isolation };
}

function keep(executor: LocalExecutor, version: DeployedVersion, min: number, isolation?: Isolation): string[] {
  const problems: string[] = [];
  executor.keepWarm(targetOf(version, isolation), min, (problem) => problems.push(problem));
  return problems;
}

function countOf(executor: LocalExecutor, ...states: string[]): number {
  return executor.stats().workers.reduce((sum, entry) => sum + (states.includes(entry.state) ? entry.count : 0), 0);
}

/** Loads only where a file says that it may. */
function makeBroken(t: TestContext): { version: DeployedVersion; mend: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'laneway-warm-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const source =
    "import { existsSync } from 'node:fs';\nif (!existsSync(import.meta.dirname + '/mended')) throw new Error('no database');\nexport default () => 1;\n";
  writeFileSync(join(folder, 'index.mjs'), source);
  const version = { ...deploy('gate/index.mjs'), function: 'broken', key: 'broken', folder };
  return { version, mend: () => writeFileSync(join(folder, 'mended'), '') };
}

for (const isolation of ['thread', 'process'] as const) {
  test(`a floor loads its workers before any call, and calls find them warm at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    const version = deploy('gate/index.mjs');
    keep(executor, version, 2, isolation);
    await until(() => countOf(executor, 'idle') === 2);
    const [one, other] = await Promise.all([
      runOnce(executor, version, { isolation }),
      runOnce(executor, version, { isolation }),
    ]);
    assert.deepEqual([one.outcome.timings.cold, other.outcome.timings.cold], [null, null]);
    const { coldStarts, warmLoads } = executor.stats();
    assert.deepEqual([Object.values(coldStarts).reduce((sum, count) => sum + count, 0), warmLoads], [0, 2]);
  });
}

test('a floor is filled again after a run took a worker with it', async (t) => {
  const executor = makeExecutor(t);
  const version = deploy('quick/index.mjs');
  keep(executor, version, 1);
  await until(() => countOf(executor, 'idle') === 1);
  const { outcome } = await runOnce(executor, version, { payload: { does: 'exit' } });
  assert.equal(outcome.ok, false);
  await until(() => countOf(executor, 'idle') === 1);
  assert.equal((await runOnce(executor, version, { payload: {} })).outcome.timings.cold, null);
});

test('idle workers above a floor are retired, those of the floor stay', async (t) => {
  const executor = makeExecutor(t, { idleMs: 30 });
  const [floored, other] = [deploy('gate/index.mjs'), deploy('echo-payload/index.mjs')];
  keep(executor, floored, 1);
  await until(() => countOf(executor, 'idle') === 1);
  await resultOf(executor, other);
  await Promise.all([resultOf(executor, floored), resultOf(executor, floored)]);
  await until(() => executor.workersOf(other.key) === 0 && executor.workersOf(floored.key) === 1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal((await runOnce(executor, floored)).outcome.timings.cold, null);
});

test('a floor that ends lets its workers go', async (t) => {
  const executor = makeExecutor(t, { idleMs: 30 });
  const version = deploy('gate/index.mjs');
  keep(executor, version, 2);
  await until(() => countOf(executor, 'idle') === 2);
  keep(executor, version, 0);
  await until(() => executor.stats().workers.length === 0);
  assert.deepEqual(executor.stats().floors, []);
});

test('no other version takes a worker of a floor to make a place for itself', async (t) => {
  const executor = makeExecutor(t, { limits: { maxWorkers: 2, maxWarm: 1 } });
  const [floored, one, other] = ['gate/index.mjs', 'counter/index.mjs', 'echo-payload/index.mjs'].map((path) => deploy(path));
  keep(executor, floored!, 1);
  await until(() => countOf(executor, 'idle') === 1);
  for (const version of [one!, other!, one!]) await resultOf(executor, version);
  assert.equal((await runOnce(executor, floored!)).outcome.timings.cold, null);
  // It was not taken and loaded again either.
  assert.equal(executor.stats().warmLoads, 1);
});

test('a busy worker of a floor is kept for it when it becomes free, though others wait for a place', async (t) => {
  const executor = makeExecutor(t, { limits: { maxWorkers: 2, maxWarm: 1 } });
  const folder = mkdtempSync(join(tmpdir(), 'laneway-gate-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [gate, otherGate] = [join(folder, 'open'), join(folder, 'other')];
  const floored = deploy('gate/index.mjs');
  const other = { ...deploy('gate/index.mjs'), key: 'other' };
  keep(executor, floored, 1);
  await until(() => countOf(executor, 'idle') === 1);
  const running = [resultOf(executor, floored, { payload: gate }), resultOf(executor, other, { payload: otherGate })];
  await until(() => countOf(executor, 'busy') === 2);
  const waiting = resultOf(executor, deploy('counter/index.mjs'));
  await until(() => executor.stats().waiting === 1);
  writeFileSync(gate, '');
  await running[0];
  assert.equal((await runOnce(executor, floored)).outcome.timings.cold, null);
  writeFileSync(otherGate, '');
  await Promise.all([...running, waiting]);
});

test('a floor takes the worker that was idle longest when the server is full', async (t) => {
  const executor = makeExecutor(t, { limits: { maxWorkers: 1, maxWarm: 1 } });
  const version = deploy('gate/index.mjs');
  await resultOf(executor, deploy('counter/index.mjs'));
  keep(executor, version, 1);
  await until(() => executor.workersOf(version.key) === 1 && countOf(executor, 'idle') === 1);
});

test('all floors together keep no more than they may, first come, first served', async (t) => {
  const executor = makeExecutor(t, { limits: { maxWarm: 3 } });
  const [first, second] = [deploy('gate/index.mjs'), deploy('counter/index.mjs')];
  keep(executor, first, 2);
  const problems = keep(executor, second, 2);
  assert.deepEqual(problems, ['only 1 of 2 workers are kept warm: all floors together have 3']);
  await until(() => countOf(executor, 'idle') === 3);
  assert.deepEqual([executor.workersOf(first.key), executor.workersOf(second.key)], [2, 1]);
  keep(executor, first, 0);
  await until(() => executor.workersOf(second.key) === 2);
});

test('a version that does not load is tried again with pauses, and kept warm when it loads', async (t) => {
  const executor = makeExecutor(t);
  const { version, mend } = makeBroken(t);
  const problems = keep(executor, version, 2);
  const begun = performance.now();
  await until(() => problems.length === 2);
  // One worker was tried, and again after the first pause of 1 s: a lower bound, however slow the machine is.
  assert.equal(executor.stats().warmLoads, 2);
  assert.ok(performance.now() - begun >= 1000);
  assert.match(problems[0]!, /^function_error: .*no database/s);
  mend();
  await until(() => countOf(executor, 'idle') === 2);
});

test('a worker that dies without a run is not replaced again and again', async (t) => {
  const executor = makeExecutor(t);
  const folder = mkdtempSync(join(tmpdir(), 'laneway-warm-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'index.mjs'), 'setTimeout(() => process.exit(3), 5);\nexport default () => 1;\n');
  const version = { ...deploy('gate/index.mjs'), key: 'short-lived', folder };
  keep(executor, version, 1, 'process');
  const begun = performance.now();
  await until(() => executor.stats().warmLoads === 3);
  // The pauses are 1 s and then 2 s: a lower bound, however slow the machine is.
  assert.ok(performance.now() - begun >= 3000);
});

test('a version that gets a new worker for every run has one loaded ahead for each', async (t) => {
  const executor = makeExecutor(t);
  const version = deploy('gate/index.mjs', { fresh: true });
  keep(executor, version, 1);
  for (let call = 0; call < 3; call += 1) {
    await until(() => countOf(executor, 'idle') === 1);
    const { outcome } = await runOnce(executor, version);
    assert.ok(outcome.ok);
    assert.deepEqual([(JSON.parse(outcome.result!) as { calls: number }).calls, outcome.timings.cold], [1, null]);
  }
});

test('workers that go because they are too many, or have an old secret, are no failures', async (t) => {
  const executor = makeExecutor(t, { idleMs: 30, secretsFor: () => ({ TOKEN: 'x' }) });
  const version = deploy('gate/index.mjs', { secrets: ['TOKEN'] });
  keep(executor, version, 3);
  await until(() => countOf(executor, 'idle') === 3);
  keep(executor, version, 1);
  await until(() => countOf(executor, 'idle') === 1);
  for (let round = 0; round < 8; round += 1) {
    // Were these failures, the pauses would add up to more than a test may take.
    executor.retireUsing('TOKEN');
    await until(() => countOf(executor, 'idle') === 1);
  }
  assert.equal(executor.stats().warmLoads, 11);
});

test('workers of a floor that were given an old secret are replaced', async (t) => {
  const executor = makeExecutor(t, { secretsFor: () => ({ TOKEN: 'x' }) });
  const version = deploy('gate/index.mjs', { secrets: ['TOKEN'] });
  keep(executor, version, 1);
  await until(() => countOf(executor, 'idle') === 1);
  const before = (await resultOf(executor, version)) as { threadId: number };
  executor.retireUsing('TOKEN');
  await until(() => countOf(executor, 'idle') === 1);
  const { outcome } = await runOnce(executor, version);
  assert.ok(outcome.ok);
  assert.equal(outcome.timings.cold, null);
  assert.notEqual((JSON.parse(outcome.result!) as { threadId: number }).threadId, before.threadId);
});

test('closing ends what a floor keeps and what it is about to load', async (t) => {
  const executor = makeExecutor(t);
  keep(executor, deploy('gate/index.mjs'), 3);
  await until(() => countOf(executor, 'loading', 'idle') > 0);
  await executor.close(0);
  assert.deepEqual(executor.stats().workers, []);
  keep(executor, deploy('counter/index.mjs'), 1);
  assert.deepEqual(executor.stats().floors, []);
});

for (const isPrepared of [true, false]) {
  const why = isPrepared ? 'a call that asks how it is called' : 'a run';
  test(`a worker that ${why} starts for a version tells that its lane had another one warm`, async (t) => {
    const executor = makeExecutor(t);
    const one = deploy('gate/index.mjs');
    const other = { ...one, version: '1.2', key: 'other' };
    assert.equal((await runOnce(executor, one)).outcome.timings.cold, 'first_call');
    assert.equal(executor.workersInLane('gate', 'latest'), 1);
    if (isPrepared) await executor.conventionOf(other, other.entry, 'thread');
    assert.equal((await runOnce(executor, other)).outcome.timings.cold, 'other_version');
    assert.equal((await runOnce(executor, deploy('counter/index.mjs'))).outcome.timings.cold, 'first_call');
    assert.deepEqual([executor.workersInLane('gate', 'latest'), executor.workersInLane('gate', 'dev')], [2, 0]);
    assert.equal(executor.stats().coldStarts.other_version, 1);
  });
}

test('closing waits for nothing that is loaded ahead', async (t) => {
  const executor = makeExecutor(t);
  const loading = executor.warm(targetOf(deploy('load-loops/index.mjs'), 'process'), 1);
  await until(() => countOf(executor, 'loading') === 1);
  // The grace is longer than a test may take.
  await executor.close(600_000);
  assert.match((await loading)!, /^cancelled/);
});

test('warm loads as many workers as places allow and tells what went wrong', async (t) => {
  const executor = makeExecutor(t, { limits: { maxWorkers: 3 } });
  const version = deploy('gate/index.mjs');
  assert.equal(await executor.warm(targetOf(version), 9), null);
  assert.equal(executor.workersOf(version.key), 3);
  const { version: broken } = makeBroken(t);
  assert.match((await executor.warm(targetOf(broken), 1))!, /no database/);
});

test('who asks how a version is called while it is loaded ahead starts no other worker', async (t) => {
  const executor = makeExecutor(t);
  const version = deploy('gate/index.mjs');
  const loading = executor.warm(targetOf(version), 1);
  assert.equal(await executor.conventionOf(version, version.entry, 'thread'), 'payload');
  await loading;
  assert.equal(executor.workersOf(version.key), 1);
  assert.equal((await runOnce(executor, version)).outcome.timings.cold, null);
});
