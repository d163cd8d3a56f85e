import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptRun, by, claimOf, claimedRun, endedQueuedRun, succeeded } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

export function testCancelling(way: RecordsWay): void {
  test('a queued run is cancelled at once and keeps its payload', async (t) => {
    const { records } = await way.open(t);
    const { id } = await acceptRun(records);
    assert.equal(await records.runs.requestCancel(id), 'cancelled');
    const run = (await records.runs.get(id))!;
    assert.deepEqual([run.state, run.endedAt, run.startedAt], ['cancelled', run.cancelRequestedAt, null]);
    assert.equal(await records.runs.requestCancel(id), 'ended');
    assert.equal(await records.runs.payload(id), '{"name":"world"}');
  });

  test('a running run is left to its owner, who may still succeed', async (t) => {
    const { records } = await way.open(t);
    const claimed = await claimedRun(records);
    assert.equal(await records.runs.requestCancel(claimed.run.id), 'requested');
    const asked = (await records.runs.get(claimed.run.id))!;
    assert.equal(asked.state, 'running');
    assert.equal(await records.runs.requestCancel(claimed.run.id), 'requested');
    assert.equal((await records.runs.get(claimed.run.id))?.cancelRequestedAt, asked.cancelRequestedAt);
    assert.equal(await records.runs.end(claimOf(claimed), succeeded), 'succeeded');
    assert.equal(await records.runs.requestCancel(claimed.run.id), 'ended');
  });

  test('an ended run is ended and an unknown one unknown', async (t) => {
    const { records } = await way.open(t);
    assert.equal(await records.runs.requestCancel(await endedQueuedRun(records, succeeded)), 'ended');
    assert.equal(await records.runs.requestCancel('00000000-0000-4000-8000-000000000000'), 'unknown');
  });

  test('cancel and claim at once: either the cancel or the claim wins, never both', async (t) => {
    const { records, other } = await way.open(t);
    const runs = await Promise.all(Array.from({ length: 50 }, () => acceptRun(records)));
    await Promise.all(
      runs.map(async ({ id }) => {
        const claiming = records.runs.claim({ runId: id, fence: 1 }, by('a', 60_000));
        const [claimed, cancelled] = await Promise.all([claiming, other.runs.requestCancel(id)]);
        assert.equal(cancelled, claimed === null ? 'cancelled' : 'requested');
      }),
    );
  });
}
