import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findSlots } from '../../../src/runtime/confinement/slots-folder.js';
import { killLeftovers } from '../../../src/runtime/leftovers.js';
import { createLocalExecutor } from '../../../src/runtime/local-executor.js';
import { skipWithout } from '../../servers/find-binary.js';
import { attemptOf, deploy, Ear, executorOptions, isAlive, makeExecutor, resultOf, runOnce, until } from '../support.js';
import { assertCells, cellsBelow, descendantsNamed, mountsWith, needsCells } from './support.js';

const isolation = 'confined';
const needsAll = { skip: skipWithout('bwrap', 'slirp4netns') };

/** Everything of a server that is not its own process: cells, who waits for them, networks. */
function familyOf(server: number): number[] {
  return [...cellsBelow(server), ...descendantsNamed(server, ['bwrap', 'slirp4netns'])];
}

async function startServer(t: TestContext, how = ''): Promise<{ server: ChildProcess; folder: string; family: number[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'laneway-cells-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const path = fileURLToPath(new URL('server-to-kill.js', import.meta.url));
  const server = spawn(process.execPath, [path, folder, how], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => server.kill('SIGKILL'));
  await new Promise((resolve) => server.stdout.once('data', resolve));
  const family = familyOf(server.pid!);
  // Two that run, one idle, and what is inside: first ones, workers, what they started.
  assert.ok(family.length >= 12, String(family.length));
  return { server, folder, family };
}

test(
  'no cell outlives a server that is killed, nor its network, and the next start removes what lies about',
  needsAll,
  async (t) => {
    assertCells();
    const { server, folder, family } = await startServer(t);
    server.kill('SIGKILL');
    await until(() => !family.some(isAlive));
    assert.deepEqual(mountsWith(folder), []);
    assert.ok(readdirSync(findSlots(folder)!).length >= 4);
    killLeftovers(folder);
    for (const left of [findSlots(folder)!, join(folder, 'pids'), join(folder, 'tmp')]) assert.deepEqual(readdirSync(left), []);
  },
);

test(
  'slots of a server that is killed are removed by its watchdog, and those of a living one are left alone',
  needsAll,
  async (t) => {
    const { server, folder, family } = await startServer(t, 'watched');
    const before = readdirSync(findSlots(folder)!);
    assert.equal(killLeftovers(folder), 0);
    assert.deepEqual(readdirSync(findSlots(folder)!), before);
    assert.ok(family.every(isAlive));
    server.kill('SIGKILL');
    await until(() => readdirSync(findSlots(folder)!).length === 0 && !family.some(isAlive));
  },
);

test('a worker that the server ends takes everything inside along, whatever left its group', needsCells, async (t) => {
  const executor = makeExecutor(t);
  const ear = new Ear();
  const attempt = attemptOf(deploy('in-a-cell/waits.mjs'), { isolation });
  const running = executor.execute(attempt, ear);
  await until(() => ear.text.includes('waits'));
  const family = familyOf(process.pid);
  assert.ok(family.length >= 5, String(family.length));
  executor.cancel(attempt.runId);
  const outcome = await running;
  assert.ok(!outcome.ok && outcome.reason === 'cancelled');
  await until(() => !family.some(isAlive));
});

test(
  'a process that is left behind is found in whatever group it is, and its worker is not used again',
  needsCells,
  async (t) => {
    const executor = makeExecutor(t);
    assert.equal(await resultOf(executor, deploy('in-a-cell/waits.mjs', {}, 'returns'), { isolation }), 'returned');
    await until(() => executor.stats().workers.length === 0 && cellsBelow(process.pid).length === 0);
  },
);

test('nothing is left after close: no process, no slot', needsCells, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'laneway-cells-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const spares = { processes: 1, pythons: 1, wall: 'cell' } as const;
  const executor = createLocalExecutor(executorOptions(folder, { spares }));
  t.after(() => executor.close(0));
  await until(() => executor.stats().workers.length === 2);
  await resultOf(executor, deploy('in-a-cell/look.mjs'), { isolation, payload: {} });
  await executor.close(0);
  await until(() => cellsBelow(process.pid).length === 0 && readdirSync(join(folder, 'tmp')).length === 0);
});

test('a worker in a cell that is stopped loses its run', needsCells, async (t) => {
  const executor = makeExecutor(t);
  const ear = new Ear();
  const running = executor.execute(attemptOf(deploy('in-a-cell/waits.mjs'), { isolation }), ear);
  await until(() => ear.text.includes('waits'));
  for (const pid of cellsBelow(process.pid)) process.kill(pid, 'SIGSTOP');
  const outcome = await running;
  assert.ok(!outcome.ok && outcome.reason === 'worker_lost');
  assert.match(outcome.message, /was stopped \(SIGSTOP\)/);
});

test("memory of everything in a cell counts as the function's", needsCells, async (t) => {
  const version = deploy('hungry-child/index.mjs', { memory_mb: 100 });
  const { outcome } = await runOnce(makeExecutor(t), version, { isolation });
  assert.ok(!outcome.ok);
  assert.equal(outcome.reason, 'out_of_memory', outcome.message);
  assert.match(outcome.message, /^\d+ MB of 100 MB$/);
  await until(() => cellsBelow(process.pid).length === 0);
});
