import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunningLimits } from '../../../src/contract/records.js';
import { acceptRun, by, claimOf, succeeded } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

const line = { function: 'hello', lane: 'latest' };

export function testLimits(way: RecordsWay): void {
  test('a line is claimed by priority, then by time', async (t) => {
    const { records } = await way.open(t);
    const ids: string[] = [];
    for (const priority of [0, 0, 5, -1, 5, 0]) ids.push((await acceptRun(records, { priority })).id);
    await acceptRun(records, { lane: 'dev', priority: 9 });
    const expected = [2, 4, 0, 1, 5, 3].map((index) => ids[index]!);
    const first = await records.runs.claimNext(line, 4, by());
    const rest = await records.runs.claimNext(line, 4, by());
    // Those of one priority that came in the same millisecond may go in any order.
    const order = [...first.runs, ...rest.runs].map(({ run }) => run.priority);
    assert.deepEqual(order, [5, 5, 0, 0, 0, -1]);
    assert.deepEqual([...first.runs, ...rest.runs].map(({ run }) => run.id).sort(), expected.sort());
    assert.deepEqual([first.limited, rest.limited], [false, false]);
    assert.deepEqual(await records.runs.claimNext(line, 4, by()), { runs: [], limited: false });
  });

  test('servers that claim a line at once never get the same run, and get all', async (t) => {
    const { records, other } = await way.open(t);
    await Promise.all(Array.from({ length: 60 }, () => acceptRun(records)));
    const claimed: string[] = [];
    const claimAll = async (runs: typeof records.runs) => {
      while ((await records.runs.countByState()).queued > 0) {
        const next = await runs.claimNext(line, 3, by());
        claimed.push(...next.runs.map(({ run }) => run.id));
      }
    };
    await Promise.all([claimAll(records.runs), claimAll(other.runs), claimAll(records.runs), claimAll(other.runs)]);
    assert.deepEqual([claimed.length, new Set(claimed).size], [60, 60]);
  });

  test('as many as may run are never more, over two servers that claim at once', async (t) => {
    const { records, other } = await way.open(t);
    await Promise.all(Array.from({ length: 20 }, () => acceptRun(records)));
    await Promise.all(Array.from({ length: 20 }, () => acceptRun(records, { lane: 'dev' })));
    const max = by('a', 60_000, { function: 7, lane: 5, keys: [] });
    const ids = (await records.runs.list({ lane: 'dev' }, 20, null)).map(({ id }) => id);
    const rounds = await Promise.all([
      ...Array.from({ length: 6 }, (_, index) => (index % 2 === 0 ? records : other).runs.claimNext(line, 2, max)),
      ...ids.map((runId, index) => (index % 2 === 0 ? records : other).runs.claim({ runId, fence: 1 }, max)),
    ]);
    const running = await records.runs.list({ states: ['running'] }, 100, null);
    assert.equal(running.length, 7);
    assert.ok(running.filter(({ lane }) => lane === 'latest').length <= 5);
    assert.ok(rounds.includes('limited'));
    const full = await records.runs.claimNext(line, 2, max);
    assert.deepEqual(full, { runs: [], limited: true });
    await records.runs.end({ runId: running[0]!.id, fence: 2 }, succeeded);
    assert.equal((await records.runs.countByState()).running, 6);
  });

  test('a key with as many running as it may is passed over, others of its line go on', async (t) => {
    const { records, other } = await way.open(t);
    for (let index = 0; index < 5; index += 1) await acceptRun(records, { keyId: 'full', priority: 3 });
    // Each after the other, also when they come in the same millisecond.
    for (const [index, keyId] of ['free', null, 'free', 'half', 'half'].entries())
      await acceptRun(records, { keyId, priority: -index });
    const limits: RunningLimits = {
      function: null,
      lane: null,
      keys: [
        { id: 'full', max: 1 },
        { id: 'half', max: 1 },
      ],
    };
    const first = await records.runs.claimNext(line, 3, by('a', 60_000, limits));
    assert.deepEqual(
      first.runs.map(({ run }) => run.keyId),
      ['full', 'free', null],
    );
    const second = await other.runs.claimNext(line, 9, by('b', 60_000, limits));
    assert.deepEqual([second.runs.map(({ run }) => run.keyId), second.limited], [['free', 'half'], true]);
    const waiting = await records.runs.list({ states: ['queued'] }, 10, null);
    assert.equal(waiting.length, 5);
    for (const { id } of waiting) {
      assert.equal(await other.runs.claim({ runId: id, fence: 1 }, by('b', 60_000, limits)), 'limited');
    }
    await records.runs.end(claimOf(first.runs[0]!), succeeded);
    const third = await records.runs.claimNext(line, 9, by('a', 60_000, limits));
    assert.deepEqual([third.runs.map(({ run }) => run.keyId), third.limited], [['full'], true]);
  });

  test('limits of functions and lanes are kept, replaced and removed', async (t) => {
    const { records, other } = await way.open(t);
    const whole = { function: 'hello', lane: null, maxRunning: 3, maxQueued: null, expiresAfterMs: null };
    const lane = { function: 'hello', lane: 'dev', maxRunning: null, maxQueued: 10, expiresAfterMs: 3_000_000_000 };
    await records.limits.set({ ...whole, maxRunning: 9 });
    await records.limits.set(whole);
    await other.limits.set(lane);
    const all = await records.limits.all();
    assert.deepEqual(
      all.map(({ updatedAt, ...limit }) => [limit, updatedAt > 0]),
      [
        [whole, true],
        [lane, true],
      ],
    );
    assert.equal(await records.limits.remove('hello', 'other'), false);
    assert.equal(await records.limits.remove('hello', null), true);
    assert.equal(await records.limits.remove('hello', null), false);
    assert.deepEqual(
      (await other.limits.all()).map((limit) => limit.lane),
      ['dev'],
    );
  });
}
