import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEnd } from '../../../src/contract/records.js';
import { acceptRun, by, claim, claimedRun, claimOf, newRun, succeeded, timings } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

const line = { function: 'hello', lane: 'latest' };
const hour = 3_600_000;

export function testRepeating(way: RecordsWay): void {
  test('a failed attempt is repeated when its time has come, and readers see why it failed', async (t) => {
    const { records } = await way.open(t);
    const first = await claimedRun(records);
    assert.equal(await records.runs.end(claimOf(first), again(hour)), 'queued');
    assert.equal(await records.runs.end(claimOf(first), again(hour)), null);
    const waiting = (await records.runs.get(first.run.id))!;
    assert.deepEqual(
      [waiting.state, waiting.reason, waiting.message, waiting.exitCode, waiting.timings, waiting.failures],
      ['queued', 'exit_code', 'once more', 3, timings, 1],
    );
    assert.deepEqual([waiting.readyAt, waiting.leaseOwner, waiting.endedAt, waiting.deadAt], [null, null, null, null]);
    const wait = (await records.runs.nextDue())!;
    assert.ok(wait > hour - 600_000 && wait <= hour);
    assert.deepEqual(await records.runs.release(10), { released: 0, lines: [] });
    assert.deepEqual((await records.runs.claimNext(line, 1, by())).runs, []);

    const second = await claimedRun(records, { lane: 'dev' });
    await records.runs.end(claimOf(second), again(0));
    assert.equal(await records.runs.claim({ runId: second.run.id, fence: 2 }, by()), null);
    assert.equal(await records.runs.nextDue(), 0);
    assert.deepEqual(await records.runs.release(10), { released: 1, lines: [{ function: 'hello', lane: 'dev' }] });
    const repeated = await claim(records.runs, { runId: second.run.id, fence: 2 }, by());
    assert.deepEqual([repeated.run.attempt, repeated.run.failures, repeated.payload], [2, 1, newRun().payload]);
    await records.runs.end(claimOf(repeated), succeeded);
    const done = (await records.runs.get(second.run.id))!;
    assert.deepEqual([done.state, done.reason, done.message, done.exitCode], ['succeeded', null, null, null]);
  });

  test('a run that is to be cancelled or would expire first is not repeated', async (t) => {
    const { records } = await way.open(t);
    const cancelled = await claimedRun(records);
    await records.runs.requestCancel(cancelled.run.id);
    assert.equal(await records.runs.end(claimOf(cancelled), again(0)), 'cancelled');
    const run = (await records.runs.get(cancelled.run.id))!;
    assert.deepEqual([run.reason, run.message, run.exitCode, run.deadAt, run.failures], [null, null, null, null, 0]);

    const late = await claimedRun(records, { expiresAfterMs: hour / 2 });
    assert.equal(await records.runs.end(claimOf(late), again(hour)), 'failed');
    const dead = (await records.runs.get(late.run.id))!;
    assert.deepEqual([dead.reason, dead.message, dead.exitCode, dead.failures], ['exit_code', 'once more', 3, 0]);
    assert.deepEqual([dead.deadAt, dead.endedAt === null], [dead.endedAt, false]);
    const inTime = await claimedRun(records, { expiresAfterMs: 2 * hour });
    assert.equal(await records.runs.end(claimOf(inTime), again(hour)), 'queued');
  });

  test('a run that has not begun in time is not claimed and ends expired, as a dead letter', async (t) => {
    const { records } = await way.open(t);
    const late = await acceptRun(records, { expiresAfterMs: 0 });
    const { id } = await acceptRun(records, { expiresAfterMs: hour });
    assert.equal(await records.runs.claim({ runId: late.id, fence: 1 }, by()), null);
    assert.deepEqual(
      (await records.runs.claimNext(line, 5, by())).runs.map(({ run }) => run.id),
      [id],
    );
    assert.deepEqual(await records.runs.expire(10), [late.id]);
    assert.deepEqual(await records.runs.expire(10), []);
    const run = (await records.runs.get(late.id))!;
    assert.deepEqual([run.state, run.reason, run.deadAt === run.endedAt, run.attempt], ['expired', null, true, 0]);
    assert.match(run.message!, /did not begin/);
    assert.notEqual(await records.runs.kept(late.id), null);
  });

  test('delayed runs are released in the order of their time, so many at a time', async (t) => {
    const { records } = await way.open(t);
    for (let index = 0; index < 5; index += 1) await acceptRun(records, { delayMs: 1, lane: `lane-${index}` });
    await acceptRun(records, { delayMs: hour });
    while ((await records.runs.nextDue()) !== 0) await new Promise(setImmediate);
    const last = (await records.runs.list({ lane: 'lane-4' }, 1, null))[0]!;
    while ((await records.runs.now()) < last.dueAt) await new Promise(setImmediate);
    assert.deepEqual((await records.runs.release(2)).lines, [
      { function: 'hello', lane: 'lane-0' },
      { function: 'hello', lane: 'lane-1' },
    ]);
    assert.equal((await records.runs.release(10)).released, 3);
    assert.equal((await records.runs.release(10)).released, 0);
    assert.ok((await records.runs.nextDue())! > 0);
    assert.equal((await records.runs.linesInQueue()).length, 6);
  });
}

function again(retryInMs: number): RunEnd {
  return { state: 'queued', retryInMs, reason: 'exit_code', message: 'once more', exitCode: 3, timings };
}
