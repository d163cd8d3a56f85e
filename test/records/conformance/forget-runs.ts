import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptRun, endedQueuedRun, endedRun, failed, succeeded } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

export function testForgetting(way: RecordsWay): void {
  test('dead letters have a time of their own, open runs and ends still to be told stay', async (t) => {
    const { records } = await way.open(t);
    const done = await endedQueuedRun(records, succeeded);
    const dead = await endedQueuedRun(records, failed);
    const told = await endedQueuedRun(records, failed, { policy: { retry: null, onSuccess: null, onFailure: { event: 'x' } } });
    const open = await acceptRun(records);
    const later = (await records.runs.now()) + 1000;
    assert.equal(await records.runs.forget({ endedBefore: later, deadBefore: 0, keepAtMost: null }, 10), 1);
    assert.equal(await records.runs.get(done), null);
    assert.equal(await records.runs.forget({ endedBefore: 0, deadBefore: later, keepAtMost: null }, 10), 1);
    assert.equal(await records.runs.get(dead), null);
    assert.notEqual(await records.runs.get(told), null);
    assert.notEqual(await records.runs.get(open.id), null);
    const counts = { queued: 1, running: 0, succeeded: 1, failed: 2, cancelled: 0, expired: 0, accepted: 4 };
    assert.deepEqual(await records.runs.countByState(), counts);
    assert.deepEqual(await records.runs.countDead(), [{ function: 'hello', lane: 'latest', runs: 1 }]);
  });

  test('the oldest beyond the number to keep go, dead letters not counted, step by step', async (t) => {
    const { records } = await way.open(t);
    const dead = await endedQueuedRun(records, failed);
    const runs = Array.from({ length: 10 }, (_, index) => endedRun({ endedAt: 1000 + index }));
    await records.runs.writeSync(runs);
    const what = { endedBefore: 0, deadBefore: 0, keepAtMost: 4 };
    assert.equal(await records.runs.forget(what, 2), 2);
    assert.equal(await records.runs.forget(what, 100), 4);
    assert.equal(await records.runs.forget(what, 100), 0);
    for (const [index, { id }] of runs.entries()) assert.equal((await records.runs.get(id)) === null, index < 6, `run ${index}`);
    assert.notEqual(await records.runs.get(dead), null);
    await records.runs.purgeDead([dead]);
    assert.equal(await records.runs.forget(what, 100), 1);
    assert.equal(await records.runs.forget({ ...what, keepAtMost: 0 }, 100), 4);
    assert.equal(await records.runs.forget({ ...what, keepAtMost: 0 }, 100), 0);
  });

  test('logs are forgotten before their runs, oldest end first, and each is looked at once', async (t) => {
    const { records } = await way.open(t);
    const runs = Array.from({ length: 1300 }, (_, index) => endedRun({ endedAt: 1000 + Math.floor(index / 10), result: null }));
    await records.runs.writeSync(runs);
    const open = await acceptRun(records);
    const logged = [runs[0]!, runs[5]!, runs[700]!, runs[1299]!, open].map(({ id }) => id);
    await records.events.append(
      logged.map((runId) => ({ runId, attempt: 1, seq: 1, at: 1, kind: 'log', stream: 'stdout', data: 'text' })),
    );
    assert.equal(await records.runs.forgetLogs(1001, 1), 1);
    assert.equal(await records.runs.forgetLogs(1001, 10), 1);
    assert.equal(await records.runs.forgetLogs(1001, 10), 0);
    const left = async () =>
      (await Promise.all(logged.map((id) => records.events.read(id, null, 1)))).map(({ length }) => length);
    assert.deepEqual(await left(), [0, 0, 1, 1, 1]);
    assert.equal(await records.runs.forgetLogs(1129, 10), 1);
    assert.deepEqual(await left(), [0, 0, 0, 1, 1]);
    assert.equal(await records.runs.forgetLogs((await records.runs.now()) + 1000, 10), 1);
    assert.deepEqual(await left(), [0, 0, 0, 0, 1]);
    assert.notEqual(await records.runs.get(runs[0]!.id), null);
  });
}
