import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Records } from '../../../src/contract/records.js';
import { acceptRun, by, claim, claimedRun, claimOf, lostClaimOf, recoverAll, succeeded } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

const line = { function: 'hello', lane: 'latest' };

export function testRecovering(way: RecordsWay): void {
  test('a run whose lease ended is queued again, and what its old owner says no longer counts', async (t) => {
    const { records } = await way.open(t);
    const lost = await claimedRun(records, { leaseMs: 1, priority: 2 });
    await claimedRun(records, { leaseMs: 60_000 });
    await untilAfter(records, lost.run.leaseUntil!);
    assert.deepEqual(await records.runs.lost(10, null), [lostClaimOf(lost.run)]);
    assert.deepEqual(await recoverAll(records.runs), { recovered: 1, lines: [line], ended: [] });
    assert.equal(await records.runs.end(claimOf(lost), succeeded), null);
    assert.deepEqual(await records.runs.renew([claimOf(lost)], 1000), ['lost']);
    const run = (await records.runs.get(lost.run.id))!;
    assert.deepEqual([run.state, run.deaths, run.fence, run.leaseOwner, run.leaseUntil], ['queued', 1, 3, null, null]);
    assert.equal((await claim(records.runs, { runId: run.id, fence: 3 }, by('b'))).run.attempt, 2);
  });

  test('no-second-live-attempt: what was renewed, ended or handed back since it was looked at is not taken', async (t) => {
    const { records } = await way.open(t);
    const [renewed, ended, handedBack, lost] = await Promise.all(
      Array.from({ length: 4 }, () => claimedRun(records, { leaseMs: 1 })),
    );
    await untilAfter(records, lost!.run.leaseUntil!);
    const seen = await records.runs.lost(10, null);
    assert.equal(seen.length, 4);
    await records.runs.renew([claimOf(renewed!)], 60_000);
    await records.runs.end(claimOf(ended!), succeeded);
    await records.runs.handBack(claimOf(handedBack!));
    assert.equal((await records.runs.recoverLost(seen)).recovered, 1);
    assert.deepEqual(await records.runs.recoverLost(seen), { recovered: 0, lines: [], ended: [] });
    assert.equal((await records.runs.get(lost!.run.id))?.state, 'queued');
    assert.deepEqual(await records.runs.renew([claimOf(renewed!)], 60_000), ['held']);
    assert.deepEqual(await records.runs.recoverLost([]), { recovered: 0, lines: [], ended: [] });
  });

  test('what other boots left running is queued again at once', async (t) => {
    const { records } = await way.open(t);
    const old = await claimedRun(records, { owner: 'boot-1' });
    await claimedRun(records, { owner: 'boot-2' });
    assert.deepEqual(await records.runs.lost(10, null), []);
    assert.deepEqual(await records.runs.lost(10, 'boot-2'), [lostClaimOf(old.run)]);
    assert.equal((await recoverAll(records.runs, 'boot-2')).recovered, 1);
    assert.deepEqual(await records.runs.lost(10, 'boot-2'), []);
  });

  test('no-lost-run: the third death ends a run as worker_lost, with its payload kept', async (t) => {
    const { records } = await way.open(t);
    const { id } = await acceptRun(records);
    for (const [deaths, fence] of [1, 3].entries()) {
      await claim(records.runs, { runId: id, fence }, by(`boot-${deaths}`));
      assert.deepEqual(await recoverAll(records.runs, 'alive'), { recovered: 1, lines: [line], ended: [] });
    }
    await claim(records.runs, { runId: id, fence: 5 }, by('boot-3'));
    assert.deepEqual(await recoverAll(records.runs, 'alive'), { recovered: 0, lines: [], ended: [id] });
    const run = (await records.runs.get(id))!;
    assert.deepEqual([run.state, run.reason, run.deaths, run.attempt, run.failures], ['failed', 'worker_lost', 3, 3, 0]);
    assert.deepEqual([run.endedAt === null, run.deadAt], [false, run.endedAt]);
    assert.notEqual(await records.runs.payload(id), null);
  });

  test('a lost run that was to be cancelled ends cancelled', async (t) => {
    const { records } = await way.open(t);
    const claimed = await claimedRun(records, { owner: 'boot-1' });
    await records.runs.requestCancel(claimed.run.id);
    assert.deepEqual(await recoverAll(records.runs, 'boot-2'), { recovered: 0, lines: [], ended: [claimed.run.id] });
    const run = (await records.runs.get(claimed.run.id))!;
    assert.deepEqual([run.state, run.reason, run.message, run.deadAt], ['cancelled', null, null, null]);
  });

  test('servers that recover at once share the runs between them, and a limit holds', async (t) => {
    const { records, other } = await way.open(t);
    for (let index = 0; index < 30; index += 1) await claimedRun(records, { owner: 'gone' });
    const some = await records.runs.lost(10, 'alive');
    assert.equal(some.length, 10);
    const seen = await records.runs.lost(100, 'alive');
    const rounds = await Promise.all(
      Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? records : other).runs.recoverLost(seen)),
    );
    assert.equal(
      rounds.reduce((sum, { recovered }) => sum + recovered, 0),
      30,
    );
  });
}

async function untilAfter(records: Records, time: number): Promise<void> {
  while ((await records.runs.now()) <= time) await new Promise((resolve) => setTimeout(resolve, 1));
}
