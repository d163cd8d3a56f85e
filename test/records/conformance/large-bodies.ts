import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptRun, by, claim, claimedRun, claimOf, endedRun, failed, newRun } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

/** More than a chunk, with characters of several bytes that fall on every border. */
const large = JSON.stringify('h\u00e9llo \u{1F600} '.repeat(300_000));
const justLarge = JSON.stringify('\u00e9'.repeat(131_072));
const justSmall = JSON.stringify('\u00e9'.repeat(131_071));

export function testLargeBodies(way: RecordsWay): void {
  test('a large payload comes back whole, also after opening again', async (t) => {
    const { records, reopen, countLargeBodies } = await way.open(t);
    const { id } = await acceptRun(records, { payload: large });
    assert.equal(await countLargeBodies(), 1);
    const again = await reopen();
    assert.equal((await again.runs.payload(id)) === large, true);
    const claimed = await claim(again.runs, { runId: id, fence: 1 }, by());
    // Read apart, when there is room for it.
    assert.equal(claimed.payload, null);
    assert.equal(claimed.run.payloadBytes, Buffer.byteLength(large));
  });

  test('256 KiB is the border, in bytes', async (t) => {
    const { records, countLargeBodies } = await way.open(t);
    const small = await acceptRun(records, { payload: justSmall });
    assert.equal(await countLargeBodies(), 0);
    const one = await acceptRun(records, { payload: justLarge });
    assert.equal(await countLargeBodies(), 1);
    assert.equal(await records.runs.payload(small.id), justSmall);
    assert.equal(await records.runs.payload(one.id), justLarge);
  });

  test('a success drops the large payload and keeps the large result, a failure keeps the payload', async (t) => {
    const { records, countLargeBodies } = await way.open(t);
    const good = await claimedRun(records, { payload: large });
    const bad = await claimedRun(records, { payload: large });
    await records.runs.end(claimOf(good), { state: 'succeeded', result: justLarge, timings: null });
    await records.runs.end(claimOf(bad), failed);
    assert.equal(await records.runs.result(good.run.id), justLarge);
    assert.equal((await records.runs.payload(bad.run.id)) === large, true);
    assert.equal(await records.runs.payload(good.run.id), null);
    assert.equal(await countLargeBodies(), 2);
  });

  test('what was refused leaves no body behind', async (t) => {
    const { records, countLargeBodies } = await way.open(t);
    const { id } = await acceptRun(records, { payload: justLarge });
    await assert.rejects(records.runs.accept(newRun({ id, payload: large })), { code: 'run_id_in_use' });
    assert.equal(await records.runs.payload(id), justLarge);
    assert.equal(await records.runs.end({ runId: id, fence: 9 }, { state: 'succeeded', result: large, timings: null }), null);
    assert.deepEqual(await records.runs.writeSync([endedRun({ id, result: large })]), [id]);
    assert.equal(await countLargeBodies(), 1);
  });

  test('sync runs keep large bodies too, and forgetting removes them', async (t) => {
    const { records, countLargeBodies } = await way.open(t);
    const run = endedRun({ state: 'failed', reason: 'function_error', payload: large, result: justLarge });
    await records.runs.writeSync([run, endedRun({ payload: large })]);
    assert.equal((await records.runs.payload(run.id)) === large, true);
    assert.equal(await records.runs.result(run.id), justLarge);
    assert.equal(await countLargeBodies(), 2);
    const later = (await records.runs.now()) + 1000;
    await records.runs.forget({ endedBefore: later, deadBefore: later, keepAtMost: null }, 10);
    assert.equal(await countLargeBodies(), 0);
  });
}
