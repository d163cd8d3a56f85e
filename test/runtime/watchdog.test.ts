import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLocalExecutor } from '../../src/runtime/local-executor.js';
import { readProcess } from '../../src/runtime/process-group.js';
import { monotonicMs } from '../../src/runtime/watchdog/messages.js';
import {
  attemptOf,
  deploy,
  Ear,
  executorOptions,
  isAlive,
  makeExecutor,
  processesWith,
  resultOf,
  runOnce,
  until,
} from './support.js';

/** What the server has said so far. */
interface Facts {
  queued: number;
  sync: number;
  queuedChild: number;
  watchdog: number;
  leaseUntilMs: number;
  queuedEnded: string;
  served: boolean;
}

const lost = 'worker_lost: the worker was killed: the lease of its run was not renewed in time';

test('no-second-live-attempt: a stopped server loses its queued runs before their leases end, and serves on after it', async (t) => {
  const { server, facts } = await startServer(t);
  server.kill('SIGSTOP');
  await until(() => !isAlive(facts.queued));
  assert.ok(monotonicMs() < facts.leaseUntilMs);
  assert.ok(readProcess(server.pid!)!.stopped);
  assert.ok(isAlive(facts.sync), 'a sync call has no lease');
  assert.ok(isAlive(facts.watchdog));
  server.kill('SIGCONT');
  await until(() => facts.served);
  assert.equal(facts.queuedEnded, lost);
  assert.ok(isAlive(facts.sync));
});

test('no-second-live-attempt: a server whose event loop hangs loses its queued runs too', async (t) => {
  const { server, facts } = await startServer(t);
  server.kill('SIGUSR2');
  await until(() => !isAlive(facts.queued));
  assert.ok(isAlive(server.pid!) && isAlive(facts.sync));
});

test('a watchdog that is killed is started again and goes on from there', async (t) => {
  const { server, facts } = await startServer(t);
  const first = facts.watchdog;
  process.kill(first, 'SIGKILL');
  await until(() => facts.watchdog !== first);
  assert.ok(isAlive(facts.queued) && isAlive(facts.sync));
  server.kill('SIGSTOP');
  await until(() => !isAlive(facts.queued));
});

test('a watchdog that was stopped itself kills nothing when it goes on', async (t) => {
  const { facts } = await startServer(t);
  process.kill(facts.watchdog, 'SIGSTOP');
  // Longer than the time it would have waited for a word.
  const from = facts.leaseUntilMs;
  await until(() => facts.leaseUntilMs > from + 4500);
  process.kill(facts.watchdog, 'SIGCONT');
  const then = facts.leaseUntilMs;
  await until(() => facts.leaseUntilMs > then + 500);
  assert.ok(isAlive(facts.queued) && isAlive(facts.sync));
});

test('nothing of a server that is killed stays: no worker, none that left its group, no watchdog, no note', async (t) => {
  const { server, facts, folder } = await startServer(t, 'spawnsDetachedAndWaits');
  assert.ok(isAlive(facts.queuedChild) && readProcess(facts.queuedChild)!.pgid === facts.queuedChild);
  process.kill(facts.watchdog, 'SIGTERM');
  server.kill('SIGKILL');
  await until(() => processesWith(folder).length === 0 && !isAlive(facts.queuedChild) && !isAlive(facts.watchdog));
  assert.deepEqual([readdirSync(join(folder, 'pids')), readdirSync(join(folder, 'tmp'))], [[], []]);
});

test('what left its group is found by the next server when the watchdog died as well', async (t) => {
  const { server, facts, folder } = await startServer(t, 'spawnsDetachedAndWaits');
  server.kill('SIGSTOP');
  process.kill(facts.watchdog, 'SIGKILL');
  server.kill('SIGKILL');
  await until(() => !isAlive(facts.queued) && !isAlive(server.pid!));
  assert.ok(isAlive(facts.queuedChild));
  const next = createLocalExecutor(executorOptions(folder));
  t.after(() => next.close(0));
  await until(() => processesWith(folder).length === 0 && !isAlive(facts.queuedChild));
});

test('what left the group of a worker ends with it, and what others started stays', async (t) => {
  const executor = makeExecutor(t, { watchdog: { marginMs: 100 } });
  const version = deploy('faults/index.mjs');
  const choice = { isolation: 'process', payload: 'spawnsDetachedAndWaits' } as const;
  const others = new Ear();
  const staying = executor.execute(attemptOf(version, choice), others);
  const { outcome, ear } = await runOnce(executor, version, { ...choice, timeoutMs: 1500 });
  assert.ok(!outcome.ok && outcome.reason === 'timeout');
  await until(() => childIn(others) !== null && !isAlive(childIn(ear)!));
  assert.ok(isAlive(childIn(others)!));
  await executor.close(0);
  await staying;
  await until(() => !isAlive(childIn(others)!));
});

function childIn(ear: Ear): number | null {
  const child = /child (\d+)/.exec(ear.text)?.[1];
  return child === undefined ? null : Number(child);
}

test('there is a watchdog only as long as there are processes to watch', async (t) => {
  const executor = makeExecutor(t, { watchdog: { marginMs: 100 } });
  await resultOf(executor, deploy('faults/index.mjs'), { payload: 'nothing' });
  assert.equal(executor.watchdogPid, null);
  const { pid } = (await resultOf(executor, deploy('faults/index.mjs'), { isolation: 'process', payload: 'fine' })) as {
    pid: number;
  };
  await until(() => executor.watchdogPid !== null);
  const watchdog = executor.watchdogPid!;
  await executor.close(0);
  await until(() => !isAlive(pid));
  assert.ok(!isAlive(watchdog));
});

async function startServer(
  t: TestContext,
  payload = 'tellsPidAndWaits',
): Promise<{ server: ChildProcess; facts: Facts; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'laneway-watchdog-'));
  const path = fileURLToPath(new URL('server-to-stop.js', import.meta.url));
  const server = spawn(process.execPath, [path, folder, payload], { stdio: ['ignore', 'pipe', 'inherit'] });
  const facts = {} as Facts;
  createInterface({ input: server.stdout }).on('line', (line) => Object.assign(facts, JSON.parse(line)));
  t.after(async () => {
    server.kill('SIGKILL');
    await until(() => processesWith(folder).length === 0);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  await until(() => facts.queued !== undefined && facts.sync !== undefined && facts.watchdog !== undefined);
  return { server, facts, folder };
}
