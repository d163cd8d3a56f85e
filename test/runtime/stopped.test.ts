import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import type { Failure } from '../../src/runtime/active-run.js';
import type { PooledWorker } from '../../src/runtime/pooled-worker.js';
import { readProcess } from '../../src/runtime/process-group.js';
import { StopWatch } from '../../src/runtime/stop-watch.js';
import { attemptOf, deploy, Ear, makeExecutor, runOnce, until } from './support.js';

for (const [path, payload, next] of [
  ['faults/index.mjs', 'tellsPidAndWaits', 'fine'],
  ['faults/main.py', 'tells_pid_and_waits', 'fine'],
  ['executable-tells-pid/run.sh', 'and waits', undefined],
] as const) {
  test(`a worker that is stopped loses its run, and other runs of the version go on: ${path}`, async (t) => {
    const executor = makeExecutor(t);
    const version = deploy(path);
    const ear = new Ear();
    const running = executor.execute(attemptOf(version, { isolation: 'process', payload }), ear);
    await until(() => /pid \d+/.test(ear.text));
    process.kill(Number(/pid (\d+)/.exec(ear.text)![1]), 'SIGSTOP');
    const outcome = await running;
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'worker_lost');
    assert.match(outcome.message, /^the worker was stopped \(SIGSTOP\) for \d+ s$/);
    assert.ok((await runOnce(executor, version, { isolation: 'process', payload: next })).outcome.ok);
  });
}

test('only a stop that lasts counts, and none in which the server stood still too', async (t) => {
  const { worker, verdicts } = workerOn(t);
  const watch = new StopWatch();
  const look = (from: number, to: number) => {
    for (let now = from; now <= to; now += 500) watch.watch(now, [worker]);
  };
  await bring(worker, 'SIGSTOP');
  look(10_000, 14_500);
  await bring(worker, 'SIGCONT');
  look(15_000, 15_000);
  await bring(worker, 'SIGSTOP');
  look(15_500, 20_000);
  look(60_000, 64_500);
  assert.deepEqual(verdicts, []);
  look(65_000, 65_000);
  assert.deepEqual(verdicts, ['worker_lost']);
});

/** A process of its own, as the watch sees a worker. */
function workerOn(t: TestContext): { worker: PooledWorker; verdicts: string[] } {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const verdicts: string[] = [];
  const kill = ({ reason }: Failure) => verdicts.push(reason);
  return {
    worker: { run: {}, state: 'busy', worker: { pid: child.pid, mainPid: child.pid }, kill } as unknown as PooledWorker,
    verdicts,
  };
}

async function bring({ worker: { pid } }: PooledWorker, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  process.kill(pid!, signal);
  await until(() => readProcess(pid!)!.stopped === (signal === 'SIGSTOP'));
}
