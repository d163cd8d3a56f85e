import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptRun, claimedRun, newRun, endedRun } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

export function testAccepting(way: RecordsWay): void {
  test('an accepted run is queued, ready and complete', async (t) => {
    const { records, reopen } = await way.open(t);
    const before = await records.runs.now();
    const run = await acceptRun(records, { callerId: null, priority: 3, type: 'exe', entryFile: 'a.sh' });
    const { invocation: _, payload: __, delayMs: ___, expiresAfterMs: ____, idempotency, caps, straight, ...same } = run;
    assert.deepEqual([idempotency, straight, caps.all], [null, null, null]);
    const found = (await (await reopen()).runs.get(run.id))!;
    assert.deepEqual({ ...found, ...same }, found);
    assert.ok(found.createdAt >= before);
    assert.deepEqual(
      { ...found, ...same },
      {
        ...same,
        mode: 'queued',
        state: 'queued',
        reason: null,
        message: null,
        exitCode: null,
        attempt: 0,
        fence: 1,
        dueAt: found.createdAt,
        readyAt: found.createdAt,
        failures: 0,
        expiresAt: null,
        redrivenAs: null,
        deadAt: null,
        delivery: null,
        leaseUntil: null,
        leaseOwner: null,
        deaths: 0,
        cancelRequestedAt: null,
        createdAt: found.createdAt,
        startedAt: null,
        endedAt: null,
        timings: null,
        payloadBytes: 16,
        resultBytes: 0,
      },
    );
  });

  test('an id is accepted once, and the others that wait with it are not hurt', async (t) => {
    const { records, other } = await way.open(t);
    const { id } = newRun();
    const same = Array.from({ length: 50 }, (_, index) => newRun({ id, payload: String(index) }));
    const others = Array.from({ length: 50 }, () => newRun());
    const [firstHalf, secondHalf] = [[...same.slice(25), ...others], same.slice(0, 25)];
    const settled = await Promise.allSettled([
      ...firstHalf.map((run) => records.runs.accept(run)),
      ...secondHalf.map((run) => other.runs.accept(run)),
    ]);
    const accepted = [...firstHalf, ...secondHalf].filter((_, index) => settled[index]!.status === 'fulfilled');
    assert.equal(accepted.length, 51);
    const winner = accepted.find((run) => run.id === id)!;
    assert.equal(await records.runs.payload(id), winner.payload);
    for (const one of settled)
      if (one.status === 'rejected') assert.equal((one.reason as { code: string }).code, 'run_id_in_use');
    assert.equal((await records.runs.countByState()).queued, 51);
  });

  test('a claimed run comes with its payload and invocation, exactly as given', async (t) => {
    const { records } = await way.open(t);
    const payload = '{ "text": "h\u00e9llo \\u0000 \u{1F600} \'quoted\' \\\\" }';
    const invocation = { url: '/x?y="1"', headers: { a: '\u0000,"\\' }, parameters: { q: '%' } };
    const claimed = await claimedRun(records, { payload, invocation });
    assert.equal(claimed.payload, payload);
    assert.deepEqual(claimed.invocation, invocation);
    assert.equal((await claimedRun(records, { payload: null })).payload, null);
  });

  test('a NUL in a text is kept as the replacement character', async (t) => {
    const { records } = await way.open(t);
    const { id } = await acceptRun(records, { callerId: 'a\0b' });
    assert.equal((await records.runs.get(id))?.callerId, 'a\uFFFDb');
    await records.events.append([{ runId: id, attempt: 1, seq: 1, at: 1, kind: 'log', stream: 'stdout', data: 'x\0y\0' }]);
    assert.equal((await records.events.read(id, null, 10))[0]?.data, 'x\uFFFDy\uFFFD');
  });

  test('half of a surrogate pair is kept as the replacement character, and what is written with it stays whole', async (t) => {
    const { records } = await way.open(t);
    const [cut, whole] = [
      endedRun({ state: 'failed', message: 'a\uD83D', payload: '"\\ud83d"' }),
      endedRun({ callerId: '\u{1F600}' }),
    ];
    assert.deepEqual(await records.runs.writeSync([cut, whole]), []);
    assert.equal((await records.runs.get(cut.id))!.message, 'a\uFFFD');
    assert.equal(await records.runs.payload(cut.id), '"\\ud83d"');
    assert.equal((await records.runs.get(whole.id))!.callerId, '\u{1F600}');
    await records.events.append([{ runId: cut.id, attempt: 1, seq: 1, at: 1, kind: 'log', stream: 'stdout', data: '\uDE00b' }]);
    assert.equal((await records.events.read(cut.id, null, 10))[0]!.data, '\uFFFDb');
  });

  test('an unknown run is null, whatever its id', async (t) => {
    const { records } = await way.open(t);
    assert.equal(await records.runs.get('no such id'), null);
    assert.equal(await records.runs.payload('no such id'), null);
    assert.equal(await records.runs.result("'; drop table runs"), null);
  });
}
