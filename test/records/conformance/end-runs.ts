import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptRun, by, claim, claimedRun, claimOf, failed, newRun, succeeded, timings } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

export function testEnding(way: RecordsWay): void {
  test('no-double-end: of 50 ends at once one is written, with its own result', async (t) => {
    const { records, other } = await way.open(t);
    const claim = claimOf(await claimedRun(records));
    const ends = Array.from({ length: 50 }, (_, index) =>
      (index % 2 === 0 ? records : other).runs.end(claim, { state: 'succeeded', result: String(index), timings: null }),
    );
    const written = (await Promise.all(ends)).flatMap((state, index) => (state === 'succeeded' ? [index] : []));
    assert.equal(written.length, 1);
    assert.equal(await records.runs.result(claim.runId), String(written[0]));
    assert.equal((await records.runs.countByState()).succeeded, 1);
  });

  test('the end of an earlier attempt is dropped', async (t) => {
    const { records } = await way.open(t);
    const first = claimOf(await claimedRun(records));
    await records.runs.handBack(first);
    assert.equal(await records.runs.end(first, succeeded), null);
    const second = await claim(records.runs, first, by('server-b'));
    assert.equal(await records.runs.end(first, succeeded), null);
    assert.equal((await records.runs.get(first.runId))?.state, 'running');
    assert.equal(await records.runs.end(claimOf(second), failed), 'failed');
    assert.equal(await records.runs.end(claimOf(second), succeeded), null);
    assert.equal((await records.runs.get(first.runId))?.state, 'failed');
    assert.equal(await records.runs.result(first.runId), null);
  });

  test('a success keeps its result and timings and drops its payload', async (t) => {
    const { records } = await way.open(t);
    const claimed = await claimedRun(records);
    await records.runs.end(claimOf(claimed), succeeded);
    const run = (await records.runs.get(claimed.run.id))!;
    assert.deepEqual(
      [run.state, run.reason, run.message, run.timings, run.resultBytes, run.leaseOwner, run.leaseUntil],
      ['succeeded', null, null, timings, 13, null, null],
    );
    assert.ok(run.endedAt! >= run.startedAt!);
    assert.equal(await records.runs.result(run.id), '{"done":true}');
    assert.equal(await records.runs.payload(run.id), null);
  });

  test('what did not succeed keeps its payload, to be started anew', async (t) => {
    const { records } = await way.open(t);
    const ends = [
      failed,
      { state: 'cancelled', message: 'stopped', timings: null },
      { state: 'expired', message: null, timings },
    ] as const;
    for (const end of ends) {
      const claimed = await claimedRun(records);
      assert.equal(await records.runs.end(claimOf(claimed), end), end.state);
      const run = (await records.runs.get(claimed.run.id))!;
      const message = 'message' in end ? end.message : null;
      assert.deepEqual([run.state, run.message, run.timings], [end.state, message, end.timings]);
      assert.deepEqual([run.reason, run.exitCode], end.state === 'failed' ? ['exit_code', 3] : [null, null]);
      assert.equal(await records.runs.payload(run.id), '{"name":"world"}');
    }
  });

  test('conservation: the counts are what was accepted, whatever happens to the runs', async (t) => {
    const { records, other } = await way.open(t);
    const servers = [records, other];
    const ids = Array.from({ length: 60 }, () => newRun().id);
    await Promise.all(ids.map((id, index) => servers[index % 2]!.runs.accept(newRun({ id }))));
    await Promise.all(
      ids.slice(0, 40).map((id, index) => servers[index % 2]!.runs.claim({ runId: id, fence: 1 }, by('a', 60_000))),
    );
    await Promise.all(ids.slice(0, 20).map((id, index) => servers[index % 2]!.runs.end({ runId: id, fence: 2 }, succeeded)));
    await Promise.all(ids.slice(15, 30).map((id) => records.runs.end({ runId: id, fence: 2 }, failed)));
    await records.runs.requestCancel(ids[59]!);
    await records.runs.handBack({ runId: ids[39]!, fence: 2 });
    const expected = { queued: 20, running: 9, succeeded: 20, failed: 10, cancelled: 1, expired: 0, accepted: 60 };
    assert.deepEqual(await other.runs.countByState(), expected);
    const later = (await records.runs.now()) + 1000;
    const all = { endedBefore: later, deadBefore: later, keepAtMost: null };
    assert.equal(await records.runs.forget(all, 1000), 31);
    assert.deepEqual(await records.runs.countByState(), expected);
  });

  test('a version is open while a queued or running run needs it', async (t) => {
    const { records } = await way.open(t);
    await acceptRun(records, { version: '1.2' });
    const claimed = await claimedRun(records, { version: '1.2' });
    await acceptRun(records, { version: '1.3' });
    await acceptRun(records, { version: '1.2', lane: 'dev' });
    assert.equal(await records.runs.countOpen('hello', 'latest', '1.2'), 2);
    await records.runs.end(claimOf(claimed), succeeded);
    assert.equal(await records.runs.countOpen('hello', 'latest', '1.2'), 1);
    assert.equal(await records.runs.countOpen('other', 'latest', '1.2'), 0);
  });
}
