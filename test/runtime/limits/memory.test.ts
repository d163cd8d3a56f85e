import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../temporary-folder.js';
import { until } from '../../until.js';
import { deploy, makeExecutor, resultOf, runOnce } from '../support.js';
import { noCgroups, withoutCgroups } from './own-groups.js';

const skip = withoutCgroups;

for (const [path, how] of [
  ['greedy/index.mjs', 'buffer'],
  ['greedy/main.py', 'buffer'],
  ['greedy/native.sh', 'native'],
] as const) {
  test(`4 GB outside every heap end at a hard wall: ${path}`, { skip }, async (t) => {
    const { outcome } = await runOnce(makeExecutor(t), deploy(path, { memory_mb: 100 }), {
      isolation: 'process',
      payload: { how },
    });
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'out_of_memory');
    // Of what the kernel counted: a look ten times a second would have seen far more.
    assert.match(outcome.message, /^10[0-2] MB of 100 MB$/);
  });

  test(`4 GB outside every heap end where there are no cgroups: ${path}`, async (t) => {
    const executor = makeExecutor(t, { cgroups: noCgroups });
    const { outcome } = await runOnce(executor, deploy(path, { memory_mb: 100 }), { isolation: 'process', payload: { how } });
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'out_of_memory');
    assert.match(outcome.message, /^\d+ MB of 100 MB$/);
  });
}

for (const [path, how] of [
  ['greedy/index.mjs', 'lostChild'],
  ['greedy/index.mjs', 'lostChildAndStays'],
  ['greedy/main.py', 'lost_child'],
  ['greedy/native-child.sh', 'child'],
] as const) {
  test(
    `a run whose child was ended for its memory has failed, whatever it makes of that: ${how} of ${path}`,
    { skip },
    async (t) => {
      const executor = makeExecutor(t);
      const version = deploy(path, { memory_mb: 100, concurrency: 1 });
      const { outcome } = await runOnce(executor, version, { isolation: 'process', payload: { how } });
      assert.ok(!outcome.ok);
      assert.deepEqual([outcome.reason, outcome.message], ['out_of_memory', '100 MB of 100 MB']);
      // The worker went with it.
      if (path.endsWith('.sh')) return;
      await resultOf(executor, version, { isolation: 'process', payload: { how: 'fine' } });
      assert.equal(executor.stats().coldStarts.worker_ended, 1);
    },
  );
}

test('files on a tmpfs are memory', { skip }, async (t) => {
  const file = `/dev/shm/laneway-limits-test-${process.pid}`;
  t.after(() => rmSync(file, { force: true }));
  const executor = makeExecutor(t, { limits: { scratchBytes: 2 ** 30 } });
  const version = deploy('greedy/index.mjs', { memory_mb: 100 });
  const { outcome } = await runOnce(executor, version, { isolation: 'process', payload: { how: 'sharedMemory', file } });
  assert.ok(!outcome.ok);
  assert.equal(outcome.reason, 'out_of_memory');
});

test('pages of files on disk make room', { skip }, async (t) => {
  const executor = makeExecutor(t, { limits: { scratchBytes: 2 ** 30 } });
  const version = deploy('greedy/index.mjs', { memory_mb: 64 });
  assert.equal(await resultOf(executor, version, { isolation: 'process', payload: { how: 'pageCache' } }), 'written');
});

for (const path of ['greedy/index.mjs', 'greedy/main.py']) {
  test(`the least memory is enough to run at all: ${path}`, async (t) => {
    for (const cgroups of [undefined, noCgroups]) {
      const executor = makeExecutor(t, cgroups === undefined ? {} : { cgroups });
      await resultOf(executor, deploy(path, { memory_mb: 16 }), { isolation: 'process', payload: { how: 'fine' } });
    }
  });
}

test('a heap that grows past its own limit is told apart by its words', async (t) => {
  const { outcome } = await runOnce(makeExecutor(t), deploy('greedy/index.mjs', { memory_mb: 64 }), {
    isolation: 'process',
    payload: { how: 'heap' },
  });
  assert.ok(!outcome.ok);
  assert.equal(outcome.reason, 'out_of_memory');
  assert.match(outcome.message, /^(the heap reached its limit|6\d MB of 64 MB)$/);
});

test("a thread's heap limit stays its own", async (t) => {
  const { outcome } = await runOnce(makeExecutor(t), deploy('greedy/index.mjs', { memory_mb: 64 }), {
    isolation: 'thread',
    payload: { how: 'heap' },
  });
  assert.ok(!outcome.ok);
  assert.equal(outcome.reason, 'out_of_memory');
});

test('a spare serves a version with less memory, under the limit of that version', { skip }, async (t) => {
  const folder = await temporaryFolder(t);
  const executor = makeExecutor(t, { folder, spares: { threads: 0, processes: 1 } });
  const version = deploy('greedy/index.mjs', { memory_mb: 48 });
  const notes = join(folder, 'pids');
  await until(() => readdirSync(notes).length === 1);
  const spare = Number(readFileSync(join(notes, readdirSync(notes)[0]!), 'utf8').split(' ')[0]);
  const { pid } = (await resultOf(executor, version, { isolation: 'process', payload: { how: 'fine' } })) as { pid: number };
  assert.equal(pid, spare);
  const { outcome } = await runOnce(executor, version, { isolation: 'process', payload: { how: 'buffer' } });
  assert.ok(!outcome.ok);
  assert.match(outcome.message, /^4[89] MB of 48 MB$/);
});
