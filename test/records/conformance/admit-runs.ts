import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IdempotencyClaim } from '../../../src/contract/records.js';
import { acceptRun, by, claimedRun, claimOf, endedQueuedRun, failed, newRun, recoverAll, succeeded } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

const noCap = { lane: null, function: null, all: null };

export function testAdmitting(way: RecordsWay): void {
  test('a run for which there is a place is accepted as running, claimed by its server', async (t) => {
    const { records } = await way.open(t);
    const run = newRun({ straight: { owner: 'server-a', leaseMs: 60_000 } });
    const accepted = await records.runs.accept(run);
    const found = (await records.runs.get(run.id))!;
    assert.deepEqual(accepted, { how: 'running', at: found.createdAt });
    assert.deepEqual([found.state, found.attempt, found.fence, found.leaseOwner], ['running', 1, 1, 'server-a']);
    assert.deepEqual(
      [found.startedAt, found.readyAt, found.leaseUntil],
      [found.createdAt, found.createdAt, found.createdAt + 60_000],
    );
    assert.equal(await records.runs.claim({ runId: run.id, fence: 1 }, by()), null);
    assert.deepEqual(await records.runs.renew([{ runId: run.id, fence: 1 }], 60_000), ['held']);
    assert.equal(await records.runs.end({ runId: run.id, fence: 1 }, succeeded), 'succeeded');
    assert.equal(await records.runs.payload(run.id), null);
    const delayed = newRun({ delayMs: 3_600_000, straight: { owner: 'server-a', leaseMs: 60_000 } });
    assert.equal((await records.runs.accept(delayed)).how, 'queued');
  });

  test('no-lost-run: a run accepted as running is taken back when its server dies', async (t) => {
    const { records } = await way.open(t);
    const { id } = await acceptRun(records, { straight: { owner: 'gone', leaseMs: 60_000 } });
    assert.equal((await recoverAll(records.runs, 'alive')).recovered, 1);
    const [again] = (await records.runs.claimNext({ function: 'hello', lane: 'latest' }, 1, by())).runs;
    assert.deepEqual([again!.run.id, again!.run.attempt, again!.run.fence], [id, 2, 3]);
    assert.deepEqual([again!.payload, again!.invocation], [newRun().payload, newRun().invocation]);
  });

  test('the same key and body is the same run, another body is refused, and another scope knows nothing of it', async (t) => {
    const { records, other } = await way.open(t);
    const first = await acceptRun(records, { idempotency: claimKey() });
    const again = newRun({ idempotency: claimKey(), payload: JSON.stringify('x'.repeat(300_000)) });
    assert.deepEqual(await other.runs.accept(again), { how: 'same', runId: first.id });
    assert.equal(await records.runs.get(again.id), null);
    await assert.rejects(other.runs.accept(newRun({ idempotency: claimKey({ bodyHash: 'other' }) })), {
      code: 'idempotency_conflict',
      details: { key: 'key-1', id: first.id },
    });
    assert.equal((await records.runs.accept(newRun({ idempotency: claimKey({ scope: 'somebody' }) }))).how, 'queued');
    assert.equal((await records.runs.countByState()).accepted, 2);
  });

  test('a key whose time is over starts another run, and is forgotten', async (t) => {
    const { records } = await way.open(t);
    await acceptRun(records, { idempotency: claimKey({ keepMs: 0 }) });
    const second = newRun({ idempotency: claimKey({ bodyHash: 'other' }) });
    assert.equal((await records.runs.accept(second)).how, 'queued');
    assert.deepEqual(await records.runs.accept(newRun({ idempotency: claimKey({ bodyHash: 'other' }) })), {
      how: 'same',
      runId: second.id,
    });
    for (const key of ['a', 'b', 'c']) await acceptRun(records, { idempotency: claimKey({ key, keepMs: 0 }) });
    assert.equal(await records.runs.forgetIdempotency(2), 2);
    assert.equal(await records.runs.forgetIdempotency(10), 1);
    assert.equal(await records.runs.forgetIdempotency(10), 0);
  });

  test('of 40 requests with one key at once one starts a run, and a key of a refused run is free', async (t) => {
    const { records, other } = await way.open(t);
    const runs = Array.from({ length: 40 }, () => newRun({ idempotency: claimKey() }));
    const answers = await Promise.all(runs.map((run, index) => (index % 2 === 0 ? records : other).runs.accept(run)));
    const started = answers.flatMap(({ how }, index) => (how === 'queued' ? [runs[index]!.id] : []));
    assert.equal(started.length, 1);
    for (const answer of answers) if (answer.how === 'same') assert.equal(answer.runId, started[0]);
    const taken = newRun({ id: started[0]!, idempotency: claimKey({ key: 'key-2' }) });
    await assert.rejects(records.runs.accept(taken), { code: 'run_id_in_use' });
    assert.equal((await records.runs.accept(newRun({ idempotency: claimKey({ key: 'key-2', bodyHash: 'x' }) }))).how, 'queued');
  });

  test('bounded: a queue that is full refuses, of a lane, of a function and of all', async (t) => {
    const { records, other } = await way.open(t);
    const cases = [
      [{ lane: 'a' }, { ...noCap, lane: 2 }, 'Function hello in lane a', { lane: 'b' }],
      [{ function: 'of-function' }, { ...noCap, function: 2 }, 'Function of-function', { function: 'another' }],
      [{ function: 'any' }, { ...noCap, all: 8 }, 'This installation', null],
    ] as const;
    for (const [where, caps, scope, elsewhere] of cases) {
      const limit = caps.lane ?? caps.function ?? caps.all;
      for (let queued = scope === 'This installation' ? 6 : 0; queued < limit; queued += 1)
        await (queued % 2 === 0 ? records : other).runs.accept(newRun({ ...where, caps }));
      const refused = newRun({ ...where, caps, payload: JSON.stringify('x'.repeat(300_000)) });
      await assert.rejects(other.runs.accept(refused), { code: 'queue_full', details: { scope, limit } });
      assert.equal(await records.runs.get(refused.id), null);
      if (elsewhere !== null) await acceptRun(records, { ...where, ...elsewhere, caps });
    }
    await records.runs.claimNext({ function: 'any', lane: 'latest' }, 1, by());
    await records.runs.accept(newRun({ caps: { ...noCap, all: 8 } }));
  });

  test('bounded: many at once do not get past a cap', async (t) => {
    const { records, other } = await way.open(t);
    const caps = { lane: 30, function: null, all: 100 };
    const settled = await Promise.allSettled(
      Array.from({ length: 120 }, (_, index) => (index % 2 === 0 ? records : other).runs.accept(newRun({ caps }))),
    );
    const accepted = settled.filter(({ status }) => status === 'fulfilled').length;
    assert.equal((await records.runs.countByState()).queued, accepted);
    assert.ok(accepted >= 29 && accepted <= 31, `${accepted} were accepted`);
  });

  test('a dead letter is redriven once, and keeps what it was given until then', async (t) => {
    const { records, other } = await way.open(t);
    const dead = await endedQueuedRun(records, failed);
    assert.deepEqual(await records.runs.kept(dead), { invocation: newRun().invocation, payload: newRun().payload });
    const again = Array.from({ length: 10 }, () => newRun({ redriveOf: dead }));
    const settled = await Promise.allSettled(again.map((run, index) => (index % 2 === 0 ? records : other).runs.accept(run)));
    const started = again.filter((_, index) => settled[index]!.status === 'fulfilled');
    assert.equal(started.length, 1);
    const refusals = settled.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : []));
    assert.deepEqual([...new Set(refusals)], ['not_dead_letter']);
    const [old, now] = [(await records.runs.get(dead))!, (await records.runs.get(started[0]!.id))!];
    assert.deepEqual([old.state, old.deadAt, old.redrivenAs, now.redriveOf], ['failed', null, now.id, dead]);
    assert.deepEqual(await records.runs.countDead(), []);
    assert.equal((await records.runs.countByState()).accepted, 2);
  });

  test('what succeeded, is open or unknown is no dead letter', async (t) => {
    const { records } = await way.open(t);
    const open = await acceptRun(records);
    const cancelled = await endedQueuedRun(records, { state: 'cancelled', message: null, timings: null });
    for (const redriveOf of [open.id, await endedQueuedRun(records, succeeded), cancelled, 'unknown']) {
      await assert.rejects(records.runs.accept(newRun({ redriveOf })), { code: 'not_dead_letter', details: { id: redriveOf } });
    }
    assert.equal((await records.runs.countByState()).accepted, 3);
  });

  test('purging takes dead letters and their payloads, and nothing else', async (t) => {
    const { records, countLargeBodies } = await way.open(t);
    const small = await endedQueuedRun(records, failed);
    const large = await endedQueuedRun(records, failed, { payload: JSON.stringify('x'.repeat(300_000)) });
    const done = await endedQueuedRun(records, { state: 'cancelled', message: null, timings: null });
    assert.deepEqual(await records.runs.countDead(), [{ function: 'hello', lane: 'latest', runs: 2 }]);
    assert.equal(await records.runs.purgeDead([small, large, done, 'unknown']), 2);
    assert.equal(await records.runs.purgeDead([small]), 0);
    assert.equal(await records.runs.purgeDead([]), 0);
    assert.equal(await countLargeBodies(), 0);
    for (const id of [small, large]) assert.equal(await records.runs.kept(id), null);
    assert.notEqual(await records.runs.kept(done), null);
    assert.deepEqual(await records.runs.countDead(), []);
  });

  test('what a run was given is kept until it succeeds', async (t) => {
    const { records } = await way.open(t);
    const payload = JSON.stringify('x'.repeat(5000));
    const claimed = await claimedRun(records, { payload });
    assert.deepEqual(await records.runs.kept(claimed.run.id), { invocation: claimed.invocation, payload });
    await records.runs.end(claimOf(claimed), succeeded);
    assert.equal(await records.runs.kept(claimed.run.id), null);
    assert.equal(await records.runs.kept('unknown'), null);
  });
}

function claimKey(more: Partial<IdempotencyClaim> = {}): IdempotencyClaim {
  return { scope: 'caller', key: 'key-1', bodyHash: 'body', keepMs: 60_000, ...more };
}
