import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptRun, by, claim, claimedRun, claimOf } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

export function testClaiming(way: RecordsWay): void {
  test('no-second-live-attempt: of 50 claims of one fence at once one succeeds', async (t) => {
    const { records, other } = await way.open(t);
    const { id } = await acceptRun(records);
    const claims = Array.from({ length: 50 }, (_, index) =>
      (index % 2 === 0 ? records : other).runs.claim({ runId: id, fence: 1 }, by(`server-${index}`, 60_000)),
    );
    const won = (await Promise.all(claims))
      .map((claimed, index) => ({ claimed, index }))
      .flatMap(({ claimed, index }) => (claimed === null || claimed === 'limited' ? [] : [{ claimed, index }]));
    assert.equal(won.length, 1);
    const run = (await records.runs.get(id))!;
    assert.equal(run.leaseOwner, `server-${won[0]!.index}`);
    assert.deepEqual(won[0]!.claimed.run, run);
    assert.deepEqual([run.state, run.fence, run.attempt], ['running', 2, 1]);
    assert.equal(run.leaseUntil! - run.startedAt!, 60_000);
  });

  test('claims of many runs at once each get their own', async (t) => {
    const { records, other } = await way.open(t);
    const runs = await Promise.all(Array.from({ length: 100 }, (_, index) => acceptRun(records, { payload: String(index) })));
    const claimed = await Promise.all(
      runs.map(({ id }, index) => (index % 2 === 0 ? records : other).runs.claim({ runId: id, fence: 1 }, by('a', 1000))),
    );
    claimed.forEach((one, index) => {
      assert.ok(one !== null && one !== 'limited');
      assert.deepEqual([one.run.id, one.payload], [runs[index]!.id, String(index)]);
    });
  });

  test('an announcement that is outdated, not ready or cancelled claims nothing', async (t) => {
    const { records } = await way.open(t);
    const { id } = await acceptRun(records);
    assert.equal(await records.runs.claim({ runId: id, fence: 0 }, by('a', 1000)), null);
    assert.equal(await records.runs.claim({ runId: id, fence: 2 }, by('a', 1000)), null);
    assert.equal(await records.runs.claim({ runId: 'unknown', fence: 1 }, by('a', 1000)), null);
    const late = await acceptRun(records, { delayMs: 3_600_000 });
    assert.equal(await records.runs.claim({ runId: late.id, fence: 1 }, by('a', 1000)), null);
    await records.runs.requestCancel(id);
    assert.equal(await records.runs.claim({ runId: id, fence: 1 }, by('a', 1000)), null);
  });

  test('a renewal tells what is held, what is to be cancelled and what is lost', async (t) => {
    const { records } = await way.open(t);
    const held = await claimedRun(records, { leaseMs: 1000 });
    const cancelled = await claimedRun(records);
    await records.runs.requestCancel(cancelled.run.id);
    const outdated = { runId: held.run.id, fence: 1 };
    const claims = [claimOf(held), claimOf(cancelled), outdated, { runId: 'unknown', fence: 1 }];
    assert.deepEqual(await records.runs.renew(claims, 90_000), ['held', 'cancel', 'lost', 'lost']);
    const { leaseUntil } = (await records.runs.get(held.run.id))!;
    assert.ok(leaseUntil! > held.run.leaseUntil! + 80_000);
    assert.deepEqual(await records.runs.renew([], 1000), []);
  });

  test('a run that is handed back is ready at once, and its old owner holds it no longer', async (t) => {
    const { records } = await way.open(t);
    const first = claimOf(await claimedRun(records));
    assert.equal(await records.runs.handBack({ ...first, fence: 1 }), false);
    assert.equal(await records.runs.handBack(first), true);
    assert.equal(await records.runs.handBack(first), false);
    assert.deepEqual(await records.runs.renew([first], 1000), ['lost']);
    const run = (await records.runs.get(first.runId))!;
    assert.deepEqual([run.state, run.leaseOwner, run.leaseUntil, run.readyAt], ['queued', null, null, run.createdAt]);
    const second = await claim(records.runs, first, by('server-b'));
    assert.deepEqual([second.run.attempt, second.run.fence, second.run.failures], [2, 3, 0]);
  });

  test('a run that is to be cancelled ends when it is handed back', async (t) => {
    const { records } = await way.open(t);
    const claimed = await claimedRun(records);
    await records.runs.requestCancel(claimed.run.id);
    assert.equal(await records.runs.handBack(claimOf(claimed)), true);
    const run = await records.runs.get(claimed.run.id);
    assert.equal(run?.state, 'cancelled');
    assert.notEqual(run?.endedAt, null);
  });
}
