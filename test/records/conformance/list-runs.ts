import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Records, RunFilter } from '../../../src/contract/records.js';
import { acceptRun, claimedRun, endedRun } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

export function testListing(way: RecordsWay): void {
  test('runs are listed newest first, page by page, also when many were created in one millisecond', async (t) => {
    const { records } = await way.open(t);
    const runs = Array.from({ length: 45 }, (_, index) =>
      endedRun({ createdAt: 1000 + Math.floor(index / 10), state: index % 3 === 0 ? 'failed' : 'succeeded' }),
    );
    await records.runs.writeSync(runs);
    const expected = runs.sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1)).map((run) => run.id);
    assert.deepEqual(await listAll(records, {}, 7), expected);
    const failedIds = new Set(runs.filter((run) => run.state === 'failed').map((run) => run.id));
    assert.deepEqual(
      await listAll(records, { states: ['failed'] }, 4),
      expected.filter((id) => failedIds.has(id)),
    );
    assert.deepEqual(await listAll(records, { states: [] }, 4), []);
  });

  test('each filter leaves what it names, alone and with others', async (t) => {
    const { records } = await way.open(t);
    const [a, b, c] = [
      endedRun({ function: 'a', lane: 'dev', version: '1.1', callerId: 'x', source: 'http', createdAt: 1000 }),
      endedRun({ function: 'a', lane: 'latest', version: '1.2', callerId: 'y', source: 'hub', createdAt: 2000 }),
      endedRun({
        function: 'b',
        lane: 'latest',
        version: '1.2',
        callerId: null,
        source: 'hub',
        createdAt: 3000,
        state: 'failed',
      }),
    ];
    await records.runs.writeSync([a, b, c]);
    const queued = await acceptRun(records, { function: 'b', callerId: null });
    const cases: [RunFilter, string[]][] = [
      [{ function: 'a' }, [b.id, a.id]],
      [{ function: 'A' }, []],
      [{ lane: 'latest', mode: 'sync' }, [c.id, b.id]],
      [{ version: '1.2' }, [c.id, b.id]],
      [{ callerId: 'y' }, [b.id]],
      [{ mode: 'queued' }, [queued.id]],
      [{ source: 'hub' }, [c.id, b.id]],
      [{ states: ['failed', 'queued'] }, [queued.id, c.id]],
      [{ createdFrom: 2000, createdUntil: 3000 }, [c.id, b.id]],
      [
        { function: 'a', callerId: 'x', states: ['succeeded'], source: 'http', lane: 'dev', version: '1.1', mode: 'sync' },
        [a.id],
      ],
    ];
    for (const [filter, expected] of cases)
      assert.deepEqual(await listAll(records, filter, 10), expected, JSON.stringify(filter));
  });

  test('open runs and those that ended lately are listed together', async (t) => {
    const { records } = await way.open(t);
    const now = await records.runs.now();
    const waiting = await acceptRun(records);
    const { run: running } = await claimedRun(records);
    const recent = endedRun({ createdAt: now - 5000, endedAt: now - 1000 });
    const hubs = endedRun({ createdAt: now - 4000, endedAt: now - 1000, source: 'hub', function: 'other' });
    await records.runs.writeSync([recent, hubs, endedRun({ createdAt: now - 5000, endedAt: now - 4000 })]);
    const since = { openOrEndedFrom: now - 2000 };
    const expected = new Set([waiting.id, running.id, recent.id, hubs.id]);
    assert.deepEqual(new Set(await listAll(records, since, 10)), expected);
    assert.deepEqual(new Set(await listAll(records, since, 1)), expected);
    assert.deepEqual(await listAll(records, { ...since, source: 'hub' }, 10), [hubs.id]);
    assert.deepEqual(await listAll(records, { ...since, states: ['succeeded'], function: 'hello' }, 10), [recent.id]);
    assert.deepEqual(await listAll(records, { ...since, states: ['queued'] }, 10), [waiting.id]);
  });

  test('what no index knows is found behind any number of other runs', async (t) => {
    const { records } = await way.open(t);
    const now = Date.now();
    const rare = [1000, 2000, 3000].map((createdAt) => endedRun({ createdAt, source: 'rare' }));
    await records.runs.writeSync([...rare, ...Array.from({ length: 10_500 }, () => endedRun({ createdAt: now, result: null }))]);
    const newestFirst = rare.map((run) => run.id).toReversed();
    assert.deepEqual(await listAll(records, { source: 'rare' }, 2), newestFirst);
    assert.deepEqual(await listAll(records, { source: 'rare', function: 'hello', mode: 'sync' }, 10), newestFirst);
    assert.equal((await records.runs.list({ source: 'http' }, 10, null)).length, 10);
  });
}

async function listAll(records: Records, filter: RunFilter, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for (let after: { createdAt: number; id: string } | null = null; ;) {
    const page = await records.runs.list(filter, limit, after);
    assert.ok(page.length <= limit);
    if (page.length === 0) return ids;
    ids.push(...page.map((run) => run.id));
    after = { createdAt: page.at(-1)!.createdAt, id: page.at(-1)!.id };
  }
}
