import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { deploy, fixtures, makeExecutor, resultOf, runOnce, until } from '../support.js';
import { assertCells, cellsBelow, needsCells } from './support.js';

const isolation = 'confined';
const spares = { processes: 1, pythons: 1, wall: 'cell' } as const;

test('spares in cells are given to first calls of whatever runtime, with the version in their slot', needsCells, async (t) => {
  assertCells();
  const executor = makeExecutor(t, { spares });
  const isSpared = () => executor.stats().workers.filter(({ state }) => state === 'spare').length === 2;
  await until(isSpared);
  // First one and worker each.
  await until(() => cellsBelow(process.pid).length === 4);
  const before = cellsBelow(process.pid);
  assert.deepEqual(await resultOf(executor, deploy('echo-payload/index.mjs'), { isolation, payload: 1 }), 1);
  assert.deepEqual(await resultOf(executor, deploy('echo-payload/main.py'), { isolation, payload: 2 }), 2);
  assert.ok(before.every((pid) => cellsBelow(process.pid).includes(pid)));
  assert.deepEqual(executor.stats().workers.filter(({ state }) => state === 'idle').length, 2);
  await until(isSpared);
});

test(
  'a spare without a cell is not given to a function that is to be confined, nor the other way round',
  needsCells,
  async (t) => {
    const executor = makeExecutor(t, { spares: { processes: 1, wall: 'process' } });
    await until(() => executor.stats().workers.some(({ state }) => state === 'spare'));
    await resultOf(executor, deploy('echo-payload/index.mjs'), { isolation, payload: 1 });
    assert.ok(executor.stats().workers.some(({ state }) => state === 'spare'));
    assert.equal(cellsBelow(process.pid).length, 2);
  },
);

test(
  "a version of many files comes into its slot whole, and stays read-only for a worker whatever the store's folder allows",
  needsCells,
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'laneway-many-'));
    t.after(() => rmSync(folder, { recursive: true }));
    cpSync(join(fixtures, 'in-a-cell'), folder, { recursive: true });
    for (let copy = 0; copy < 40; copy += 1)
      cpSync(join(fixtures, 'in-a-cell'), join(folder, `copy${copy}`), { recursive: true });
    const version = { ...deploy('in-a-cell/look.mjs'), folder };
    const executor = makeExecutor(t, { spares });
    await until(() => executor.stats().workers.length === 2);
    const payload = { paths: ['/function/code/copy39/look.mjs'], writes: ['/function/code/look.mjs', '/function/code/new'] };
    const { seen, written } = (await resultOf(executor, version, { isolation, payload })) as Record<string, string[]>;
    assert.deepEqual(seen, payload.paths);
    assert.ok(
      written!.every((how) => how === 'EROFS' || how === 'EACCES'),
      written!.join(' '),
    );
  },
);

test('what a worker wrote is gone with it', needsCells, async (t) => {
  const executor = makeExecutor(t);
  const version = deploy('in-a-cell/look.mjs', { fresh: true });
  const writes = ['/tmp/left', '/dev/shm/left'];
  const first = await runOnce(executor, version, { isolation, payload: { writes } });
  assert.ok(first.outcome.ok);
  const { written } = JSON.parse(first.outcome.result!) as { written: string[] };
  assert.deepEqual(written, ['written', 'written']);
  const next = (await resultOf(executor, version, { isolation, payload: { paths: writes } })) as { seen: string[] };
  assert.deepEqual(next.seen, []);
});
