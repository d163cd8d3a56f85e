import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunPolicy } from '../../../src/contract/run-policy.js';
import { acceptRun, claimedRun, claimOf, endedQueuedRun, failed, recoverAll, succeeded } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

const done = { event: 'done' };
const both: RunPolicy = { retry: null, onSuccess: done, onFailure: done };
const hour = 3_600_000;

export function testDelivering(way: RecordsWay): void {
  test('whatever ends a run starts its delivery, and a cancelled one has none', async (t) => {
    const { records } = await way.open(t);
    const told = [
      await endedQueuedRun(records, succeeded, { policy: both }),
      await endedQueuedRun(records, failed, { policy: { ...both, onSuccess: null } }),
    ];
    const late = await acceptRun(records, { policy: both, expiresAfterMs: 0 });
    await records.runs.expire(10);
    const { id } = await acceptRun(records, { policy: both });
    for (const fence of [1, 3, 5]) {
      await records.runs.claim({ runId: id, fence }, { owner: 'gone', leaseMs: hour, limits: null });
      await recoverAll(records.runs, 'alive');
    }
    told.push(late.id, id);
    await endedQueuedRun(records, succeeded);
    await endedQueuedRun(records, succeeded, { policy: { ...both, onSuccess: null } });
    await endedQueuedRun(records, failed, { policy: { ...both, onFailure: null } });
    await endedQueuedRun(records, { state: 'cancelled', message: null, timings: null }, { policy: both });
    const waiting = await acceptRun(records, { policy: both });
    await records.runs.requestCancel(waiting.id);

    assert.equal(await records.runs.nextDelivery(), 0);
    const taken = await records.runs.takeDeliveries(10, hour);
    assert.deepEqual(taken.map((run) => run.id).sort(), told.sort());
    for (const run of taken) assert.deepEqual(run.delivery, { state: 'pending', attempts: 1, problem: null });
    assert.deepEqual(taken[0]!.policy === null, false);
    assert.deepEqual(await records.runs.takeDeliveries(10, hour), []);
    assert.ok((await records.runs.nextDelivery())! > 0);
  });

  test('a delivery is tried again after a problem, given up, or done; what an earlier attempt says is dropped', async (t) => {
    const { records } = await way.open(t);
    const id = await endedQueuedRun(records, failed, { policy: both });
    assert.equal((await records.runs.takeDeliveries(10, 0))[0]!.id, id);
    const [again] = await records.runs.takeDeliveries(10, hour);
    assert.equal(again!.delivery!.attempts, 2);
    await records.runs.settleDelivery(id, 1, { problem: null, retryInMs: null });
    assert.equal((await records.runs.get(id))!.delivery!.state, 'pending');
    await records.runs.settleDelivery(id, 2, { problem: 'away', retryInMs: 0 });
    assert.deepEqual((await records.runs.get(id))!.delivery, { state: 'pending', attempts: 2, problem: 'away' });
    await records.runs.takeDeliveries(10, hour);
    await records.runs.settleDelivery(id, 3, { problem: 'gone', retryInMs: null });
    assert.deepEqual((await records.runs.get(id))!.delivery, { state: 'failed', attempts: 3, problem: 'gone' });
    await records.runs.settleDelivery(id, 3, { problem: null, retryInMs: null });
    assert.equal((await records.runs.get(id))!.delivery!.state, 'failed');
    assert.equal(await records.runs.nextDelivery(), null);

    const other = await endedQueuedRun(records, succeeded, { policy: both });
    await records.runs.takeDeliveries(10, hour);
    await records.runs.settleDelivery(other, 1, { problem: null, retryInMs: null });
    assert.deepEqual((await records.runs.get(other))!.delivery, { state: 'delivered', attempts: 1, problem: null });
  });

  test('servers that deliver at once never take the same end', async (t) => {
    const { records, other } = await way.open(t);
    for (let index = 0; index < 20; index += 1) await endedQueuedRun(records, failed, { policy: both });
    const rounds = await Promise.all(
      Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? records : other).runs.takeDeliveries(4, hour)),
    );
    rounds.push(await records.runs.takeDeliveries(100, hour));
    const ids = rounds.flat().map((run) => run.id);
    assert.deepEqual([ids.length, new Set(ids).size], [20, 20]);
  });

  test('a run that was repeated is told of once, at its end', async (t) => {
    const { records } = await way.open(t);
    const claimed = await claimedRun(records, { policy: both });
    const { reason, message, exitCode } = failed as { reason: 'exit_code'; message: string; exitCode: number };
    await records.runs.end(claimOf(claimed), { state: 'queued', retryInMs: 0, reason, message, exitCode, timings: null });
    assert.equal((await records.runs.get(claimed.run.id))!.delivery, null);
    assert.equal(await records.runs.nextDelivery(), null);
    await records.runs.requestCancel(claimed.run.id);
    assert.equal(await records.runs.nextDelivery(), null);
  });
}
