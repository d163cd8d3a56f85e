import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Records } from '../../../src/contract/records.js';
import { acceptRun, claimedRun, claimOf, succeeded } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

export function testRecovering(way: RecordsWay): void {
  test('unclaimed runs are found oldest due first, page by page', async (t) => {
    const { records } = await way.open(t);
    const accepted = new Set<string>();
    for (let index = 0; index < 25; index += 1) accepted.add((await acceptRun(records, { priority: index })).id);
    await acceptRun(records, { delayMs: 3_600_000 });
    await claimedRun(records);
    const before = (await records.runs.now()) + 1000;
    const found = [];
    for (let after: { dueAt: number; id: string } | null = null; ;) {
      const page = await records.runs.unclaimed(before, 10, after);
      found.push(...page);
      if (page.length === 0) break;
      after = { dueAt: page.at(-1)!.dueAt, id: page.at(-1)!.runId };
    }
    assert.deepEqual(new Set(found.map(({ runId }) => runId)), accepted);
    assert.equal(found.length, 25);
    assert.deepEqual(
      found.map(({ dueAt }) => dueAt),
      found.map(({ dueAt }) => dueAt).sort((a, b) => a - b),
    );
    const { priority } = (await records.runs.get(found[3]!.runId))!;
    assert.deepEqual([found[3]!.fence, found[3]!.priority], [1, priority]);
  });

  test('what was announced a moment ago is left alone, a delayed run is found as soon as it is due', async (t) => {
    const { records } = await way.open(t);
    await acceptRun(records);
    const delayed = await acceptRun(records, { delayMs: 1 });
    const { createdAt, dueAt, announcedAt } = (await records.runs.get(delayed.id))!;
    assert.deepEqual([dueAt - createdAt, announcedAt], [1, null]);
    await untilAfter(records, dueAt);
    assert.deepEqual(
      (await records.runs.unclaimed(createdAt - 60_000, 10, null)).map(({ runId }) => runId),
      [delayed.id],
    );
  });

  test('announcing again outdates the earlier announcement, once', async (t) => {
    const { records, other } = await way.open(t);
    const first = await acceptRun(records, { priority: 7 });
    const second = await acceptRun(records);
    const running = claimOf(await claimedRun(records));
    const claims = [{ runId: first.id, fence: 1 }, { runId: second.id, fence: 9 }, running, { runId: 'unknown', fence: 1 }];
    const both = await Promise.all([records.runs.announceAgain(claims), other.runs.announceAgain(claims)]);
    assert.deepEqual(both.flat(), [{ runId: first.id, fence: 2, priority: 7 }]);
    assert.equal(await records.runs.claim({ runId: first.id, fence: 1 }, 'a', 1000), null);
    assert.notEqual(await records.runs.claim({ runId: first.id, fence: 2 }, 'a', 1000), null);
    assert.deepEqual(await records.runs.announceAgain([]), []);
  });

  test('a run whose lease ended is queued again, and what its old owner says no longer counts', async (t) => {
    const { records } = await way.open(t);
    const lost = await claimedRun(records, { leaseMs: 1, priority: 2 });
    await claimedRun(records, { leaseMs: 60_000 });
    await untilAfter(records, lost.run.leaseUntil!);
    const { announce, ended } = await records.runs.recoverLost(10, null);
    assert.deepEqual(announce, [{ runId: lost.run.id, fence: 3, priority: 2 }]);
    assert.deepEqual(ended, []);
    assert.equal(await records.runs.end(claimOf(lost), succeeded), false);
    assert.deepEqual(await records.runs.renew([claimOf(lost)], 1000), ['lost']);
    const run = (await records.runs.get(lost.run.id))!;
    assert.deepEqual([run.state, run.deaths, run.leaseOwner, run.leaseUntil], ['queued', 1, null, null]);
    assert.equal((await records.runs.claim(announce[0]!, 'b', 1000))?.run.attempt, 2);
  });

  test('what other boots left running is queued again at once', async (t) => {
    const { records } = await way.open(t);
    const old = await claimedRun(records, { owner: 'boot-1' });
    await claimedRun(records, { owner: 'boot-2' });
    assert.deepEqual(
      (await records.runs.recoverLost(10, 'boot-2')).announce.map(({ runId }) => runId),
      [old.run.id],
    );
    assert.deepEqual(await records.runs.recoverLost(10, 'boot-2'), { announce: [], ended: [] });
  });

  test('no-lost-run: the third death ends a run as worker_lost, with its payload kept', async (t) => {
    const { records } = await way.open(t);
    const { id } = await acceptRun(records);
    let fence = 1;
    for (const death of [1, 2]) {
      await records.runs.claim({ runId: id, fence }, `boot-${death}`, 60_000);
      fence = (await records.runs.recoverLost(10, 'alive')).announce[0]!.fence;
    }
    await records.runs.claim({ runId: id, fence }, 'boot-3', 60_000);
    assert.deepEqual(await records.runs.recoverLost(10, 'alive'), { announce: [], ended: [id] });
    const run = (await records.runs.get(id))!;
    assert.deepEqual([run.state, run.reason, run.deaths, run.attempt], ['failed', 'worker_lost', 3, 3]);
    assert.notEqual(run.endedAt, null);
    assert.notEqual(await records.runs.payload(id), null);
  });

  test('a lost run that was to be cancelled ends cancelled', async (t) => {
    const { records } = await way.open(t);
    const claimed = await claimedRun(records, { owner: 'boot-1' });
    await records.runs.requestCancel(claimed.run.id);
    assert.deepEqual(await records.runs.recoverLost(10, 'boot-2'), { announce: [], ended: [claimed.run.id] });
    const run = (await records.runs.get(claimed.run.id))!;
    assert.deepEqual([run.state, run.reason, run.message], ['cancelled', null, null]);
  });

  test('servers that recover at once share the runs between them, and a limit holds', async (t) => {
    const { records, other } = await way.open(t);
    for (let index = 0; index < 30; index += 1) await claimedRun(records, { owner: 'gone' });
    assert.equal((await records.runs.recoverLost(10, 'alive')).announce.length, 10);
    const rounds = await Promise.all(
      Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? records : other).runs.recoverLost(100, 'alive')),
    );
    const runIds = rounds.flatMap(({ announce }) => announce.map(({ runId }) => runId));
    assert.equal(new Set(runIds).size, runIds.length);
    const left = await records.runs.recoverLost(100, 'alive');
    assert.equal(runIds.length + left.announce.length, 20);
  });
}

async function untilAfter(records: Records, time: number): Promise<void> {
  while ((await records.runs.now()) <= time) await new Promise((resolve) => setTimeout(resolve, 1));
}
