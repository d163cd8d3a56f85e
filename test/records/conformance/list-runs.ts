import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndedSyncRun, Records, RunFilter } from '../../../src/contract/records.js';
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

  test('open runs and those that ended lately are listed together, few or many', async (t) => {
    const { records } = await way.open(t);
    const now = await records.runs.now();
    const waiting = await acceptRun(records);
    const { run: running } = await claimedRun(records);
    const recent = endedRun({ createdAt: now - 5000, endedAt: now - 1000 });
    await records.runs.writeSync([recent, endedRun({ createdAt: now - 5000, endedAt: now - 4000 })]);
    const expected = new Set([waiting.id, running.id, recent.id]);
    assert.deepEqual(new Set(await listAll(records, { openOrEndedFrom: now - 2000 }, 10)), expected);

    await writeMany(records, 11_000, { createdAt: now - 9000, endedAt: now - 1000, function: 'busy' });
    const first = await records.runs.list({ openOrEndedFrom: now - 2000 }, 3, null);
    assert.deepEqual(new Set(first.map((run) => run.id)), expected);
    assert.deepEqual(await listAll(records, { openOrEndedFrom: now - 2000, function: 'hello', states: ['succeeded'] }, 10), [
      recent.id,
    ]);
  });
}

async function writeMany(records: Records, count: number, more: Partial<EndedSyncRun>): Promise<void> {
  await records.runs.writeSync(Array.from({ length: count }, () => endedRun({ ...more, result: null })));
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
