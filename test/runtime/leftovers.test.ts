import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { killLeftovers } from '../../src/runtime/leftovers.js';
import { createLocalExecutor } from '../../src/runtime/local-executor.js';
import { deploy, executorOptions, isAlive, processesWith, resultOf, runOnce, until } from './support.js';

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'laneway-leftovers-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

test('nothing is left after close: no process, no note, no temporary folder', async (t) => {
  const folder = makeFolder(t);
  const executor = createLocalExecutor(
    executorOptions(folder, { spares: { threads: 1, processes: 1, pythons: 0, wall: 'process' } }),
  );
  t.after(() => executor.close(0));
  await until(() => executor.stats().workers.length === 2);
  for (const path of ['faults/index.mjs', 'faults/main.py']) {
    await resultOf(executor, deploy(path), { isolation: 'process', payload: 'fine' });
  }
  const endless = runOnce(executor, deploy('faults/index.mjs'), { isolation: 'process', payload: 'spawnsAndWaits' });
  const looping = runOnce(executor, deploy('faults/index.mjs'), { isolation: 'thread', payload: 'loops' });
  await until(() => executor.stats().workers.filter(({ state }) => state === 'busy').length === 2);
  // Two warm workers, a spare one, and what the endless run has spawned.
  await until(() => processesWith(folder).length > 3);
  await executor.close(0);
  for (const { outcome } of await Promise.all([endless, looping])) {
    assert.ok(!outcome.ok);
    assert.deepEqual([outcome.reason, outcome.message], ['worker_lost', 'the server was shut down']);
  }
  await until(() => processesWith(folder).length === 0);
  await until(() => readdirSync(join(folder, 'tmp')).length === 0);
  assert.deepEqual(readdirSync(join(folder, 'pids')), []);
});

test('close lets what runs finish within its grace and refuses what comes', async (t) => {
  const executor = createLocalExecutor(executorOptions(makeFolder(t)));
  const running = runOnce(executor, deploy('stray/index.mjs'));
  await until(() => executor.stats().workers.some(({ state }) => state === 'busy'));
  const closed = executor.close(20_000);
  await assert.rejects(runOnce(executor, deploy('stray/index.mjs')), { code: 'shutting_down' });
  assert.ok((await running).outcome.ok);
  await closed;
});

for (const path of ['faults/index.mjs', 'faults/main.py']) {
  test(`workers die with a server that is killed, and the next one ends what they started: ${path}`, async (t) => {
    const folder = makeFolder(t);
    const server = spawn(process.execPath, [fileURLToPath(new URL('server-to-kill.js', import.meta.url)), folder, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => server.kill('SIGKILL'));
    const [child, worker] = (await linesOf(server.stdout, 2)).map(Number) as [number, number];
    assert.ok(isAlive(child) && isAlive(worker));
    server.kill('SIGKILL');
    // The child and the `sleep` it waits for are all that is left.
    await until(() => !isAlive(worker) && processesWith(folder).length <= 2);
    assert.ok(isAlive(child));
    const next = createLocalExecutor(executorOptions(folder));
    await until(() => processesWith(folder).length === 0);
    assert.ok(!isAlive(child));
    assert.ok(next.leftoversKilled >= 1);
    await next.close(0);
  });
}

test('workers of a server that lives are left alone by another one on its folder', async (t) => {
  const folder = makeFolder(t);
  const path = fileURLToPath(new URL('server-to-kill.js', import.meta.url));
  const server = spawn(process.execPath, [path, folder, 'faults/index.mjs'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => server.kill('SIGKILL'));
  const worker = Number((await linesOf(server.stdout, 2))[1]);
  const [notes, scratch] = [readdirSync(join(folder, 'pids')), readdirSync(join(folder, 'tmp'))];
  assert.equal(killLeftovers(folder), 0);
  assert.ok(isAlive(worker));
  assert.deepEqual([readdirSync(join(folder, 'pids')), readdirSync(join(folder, 'tmp'))], [notes, scratch]);
  server.kill('SIGKILL');
  await until(() => !isAlive(worker));
  killLeftovers(folder);
  await until(() => processesWith(folder).length === 0);
  assert.deepEqual([readdirSync(join(folder, 'pids')), readdirSync(join(folder, 'tmp'))], [[], []]);
});

test('a stranger that got the number of an old worker is left alone', (t) => {
  const folder = makeFolder(t);
  const stranger = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  t.after(() => stranger.kill('SIGKILL'));
  mkdirSync(join(folder, 'pids'));
  writeFileSync(join(folder, 'pids/w1'), `${stranger.pid} 12345 another-boot\n`);
  writeFileSync(join(folder, 'pids/w2'), 'no note at all');
  assert.equal(killLeftovers(folder), 0);
  assert.ok(isAlive(stranger.pid!));
  assert.deepEqual(readdirSync(join(folder, 'pids')), []);
});

async function linesOf(output: Readable, count: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: output })) {
    lines.push(line);
    if (lines.length === count) break;
  }
  return lines;
}
