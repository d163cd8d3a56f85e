import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptRun, endedRun } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

export function testSyncRuns(way: RecordsWay): void {
  test('thousands of sync runs are written at once and complete', async (t) => {
    const { records } = await way.open(t);
    const runs = Array.from({ length: 3000 }, (_, index) => endedRun({ result: String(index) }));
    assert.deepEqual(await records.runs.writeSync(runs), []);
    assert.equal((await records.runs.countByState()).succeeded, 3000);
    const last = runs[2999]!;
    const { payload: _, result: __, ...same } = last;
    const found = (await records.runs.get(last.id))!;
    assert.deepEqual({ ...found, ...same }, found);
    assert.deepEqual([found.mode, found.attempt, found.dueAt], ['sync', 1, last.createdAt]);
    assert.equal(await records.runs.result(last.id), '2999');
    assert.deepEqual(await records.runs.writeSync([]), []);
  });

  test('a row whose id is taken is skipped and named, the others are written', async (t) => {
    const { records } = await way.open(t);
    const queued = await acceptRun(records);
    const [first, second] = [endedRun({ id: queued.id }), endedRun()];
    assert.deepEqual(await records.runs.writeSync([first, second]), [queued.id]);
    assert.equal((await records.runs.get(queued.id))?.mode, 'queued');
    assert.equal(await records.runs.result(queued.id), null);
    assert.equal((await records.runs.get(second.id))?.state, 'succeeded');
  });

  test('writing the same rows again, after an answer was lost, changes nothing', async (t) => {
    const { records } = await way.open(t);
    const runs = [endedRun(), endedRun()];
    await records.runs.writeSync(runs);
    assert.deepEqual(await records.runs.writeSync([...runs, endedRun()]), []);
    assert.equal((await records.runs.countByState()).succeeded, 3);
  });

  test('a sync run keeps its payload only when it did not succeed', async (t) => {
    const { records } = await way.open(t);
    const good = endedRun({ payload: '"good"', result: null });
    const bad = endedRun({
      payload: '"bad"',
      result: null,
      state: 'failed',
      reason: 'timeout',
      message: 'too slow',
      timings: null,
    });
    await records.runs.writeSync([good, bad]);
    assert.equal(await records.runs.payload(good.id), null);
    assert.equal(await records.runs.payload(bad.id), '"bad"');
    const found = (await records.runs.get(bad.id))!;
    assert.deepEqual([found.reason, found.message, found.timings], ['timeout', 'too slow', null]);
  });

  test('a sync run never shows up as work', async (t) => {
    const { records } = await way.open(t);
    await records.runs.writeSync([endedRun()]);
    assert.deepEqual(await records.runs.linesInQueue(), []);
    assert.equal(await records.runs.nextDue(), null);
    assert.deepEqual(await records.runs.lost(10, 'alive'), []);
  });
}
