import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../until.js';
import { deploy, isAlive, makeExecutor, processesWith, resultOf, runOnce } from '../support.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { noCgroups, withoutCgroups } from './own-groups.js';

const skip = withoutCgroups;

test('a function gets EAGAIN beyond its processes, and the limit is named when it fails for it', { skip }, async (t) => {
  const version = deploy('greedy/index.mjs', { max_processes: 20 });
  const { outcome } = await runOnce(makeExecutor(t), version, { isolation: 'process', payload: { how: 'bomb' } });
  assert.ok(!outcome.ok);
  assert.equal(outcome.reason, 'function_error');
  assert.match(outcome.message, /EAGAIN.*\(it had all of its 20 processes and threads\)$/s);
});

test('threads of a process count', { skip }, async (t) => {
  const version = deploy('greedy/main.py', { max_processes: 20 });
  const { outcome } = await runOnce(makeExecutor(t), version, { isolation: 'process', payload: { how: 'threads' } });
  assert.ok(!outcome.ok);
  assert.match(outcome.message, /can't start new thread \(it had all of its 20 processes and threads\)$/);
});

test('an executable that fails for want of processes says so', { skip }, async (t) => {
  const version = deploy('greedy/forks.sh', { max_processes: 20 });
  const { outcome } = await runOnce(makeExecutor(t), version, { isolation: 'process' });
  assert.ok(!outcome.ok);
  assert.equal(outcome.reason, 'exit_code');
  assert.match(outcome.message, /^the executable ended with exit code 2 \(it had all of its 20 processes and threads\)$/);
});

test('a fork bomb stays within its limit and ends with its run', { skip }, async (t) => {
  const folder = await temporaryFolder(t);
  const executor = makeExecutor(t, { folder });
  const bombed = runOnce(executor, deploy('greedy/bomb.sh', { max_processes: 40 }), { isolation: 'process', timeoutMs: 5000 });
  await until(() => processesWith(folder).length > 20);
  // Beside it others are served.
  await resultOf(executor, deploy('greedy/index.mjs'), { isolation: 'process', payload: { how: 'fine' } });
  assert.ok(processesWith(folder).length <= 41);
  const { outcome } = await bombed;
  assert.ok(!outcome.ok);
  assert.equal(outcome.reason, 'timeout');
  await until(() => processesWith(folder).length <= 1);
});

test('without cgroups processes are counted, and a run with too many is ended', async (t) => {
  const folder = await temporaryFolder(t);
  const executor = makeExecutor(t, { folder, cgroups: noCgroups });
  const version = deploy('greedy/index.mjs', { max_processes: 20 });
  const { outcome } = await runOnce(executor, version, { isolation: 'process', payload: { how: 'bombAndWaits' } });
  assert.ok(!outcome.ok);
  assert.equal(outcome.reason, 'function_error');
  assert.match(outcome.message, /^it had \d+ processes and may have 20$/);
  await until(() => processesWith(folder).length === 0);
});

test('a child that left its process group and its environment ends with the worker', { skip }, async (t) => {
  const { outcome, ear } = await runOnce(makeExecutor(t), deploy('greedy/index.mjs'), {
    isolation: 'process',
    timeoutMs: 2000,
    payload: { how: 'leavesAndLoops' },
  });
  assert.ok(!outcome.ok);
  assert.equal(outcome.reason, 'timeout');
  const child = Number(/child (\d+)/.exec(ear.text)?.[1]);
  t.after(() => isAlive(child) && process.kill(child, 'SIGKILL'));
  await until(() => !isAlive(child));
});

test('a function gets no more of the processor than its manifest says', { skip }, async (t) => {
  const version = deploy('greedy/index.mjs', { cpu: 0.25 });
  const share = await resultOf(makeExecutor(t), version, { isolation: 'process', payload: { how: 'burns' } });
  assert.ok((share as number) < 0.45, String(share));
});

test('a cpu limit that can not be held is refused, saying why', async (t) => {
  const executor = makeExecutor(t, { cgroups: noCgroups });
  await assert.rejects(
    runOnce(executor, deploy('greedy/index.mjs', { cpu: 1 }), { isolation: 'process', payload: { how: 'fine' } }),
    (error: { code: string; message: string }) => {
      assert.equal(error.code, 'isolation_unavailable');
      assert.match(
        error.message,
        /its cpu limit can not be held here: rlimits .*cgroup v2 is not mounted; cgroup v1 has no memory and pids/,
      );
      return true;
    },
  );
});
