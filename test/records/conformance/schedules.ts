import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { ScheduleDefinition } from '../../../src/contract/schedules.js';
import type { RecordsWay } from '../ways.js';

function definition(more: Partial<ScheduleDefinition> = {}): ScheduleDefinition {
  return {
    id: randomUUID(),
    name: 'nightly',
    function: 'report',
    lane: 'latest',
    version: '',
    timing: { kind: 'cron', cron: '30 2 * * *', timeZone: 'Europe/Berlin' },
    payload: '{"full":true}',
    overlap: 'skip',
    catchUp: 'last',
    onFailure: { webhook: 'https://example.org/hook' },
    origin: 'api',
    keyId: 'abcdefgh',
    ...more,
  };
}

export function testSchedules(way: RecordsWay): void {
  test('a schedule is kept whole, replaced by its id, and removed once', async (t) => {
    const { records, other, reopen } = await way.open(t);
    const first = definition();
    const made = await records.schedules.put(first, 5000);
    const { createdAt, updatedAt, ...rest } = made;
    assert.deepEqual(rest, {
      ...first,
      pausedAt: null,
      nextAt: 5000,
      lastAt: null,
      lastRunId: null,
      fired: 0,
      skipped: 0,
      lastProblem: null,
      revision: 1,
    });
    assert.ok(createdAt > 1_600_000_000_000 && createdAt === updatedAt);
    assert.deepEqual(await other.schedules.get(first.id), made);
    const second = definition({
      id: first.id,
      timing: { kind: 'every', everyMs: 1000, from: 0 },
      onFailure: null,
      payload: null,
    });
    await records.schedules.advance({ id: first.id, tick: 5000, revision: 1 }, fired(6000, 5000));
    const changed = await other.schedules.put(second, 7000);
    assert.deepEqual([changed.timing, changed.nextAt, changed.revision], [second.timing, 7000, 2]);
    assert.deepEqual([changed.fired, changed.lastAt], [1, 5000], 'what it did stays');
    assert.deepEqual(await records.schedules.get(first.id), changed);
    const back = await reopen();
    assert.deepEqual(await back.schedules.get(first.id), changed);
    assert.equal(await back.schedules.remove(first.id), true);
    assert.equal(await back.schedules.remove(first.id), false);
    assert.equal(await back.schedules.get(first.id), null);
  });

  test('a name is used once in a lane, also by two at the same moment', async (t) => {
    const { records, other } = await way.open(t);
    await records.schedules.put(definition(), 1);
    await assert.rejects(other.schedules.put(definition(), 1), { code: 'schedule_exists' });
    await records.schedules.put(definition({ lane: 'dev' }), 1);
    await records.schedules.put(definition({ function: 'other' }), 1);
    const weekly = await records.schedules.put(definition({ name: 'weekly' }), 1);
    await assert.rejects(records.schedules.put({ ...weekly, name: 'nightly' }, 1), { code: 'schedule_exists' });
    const both = await Promise.allSettled([
      records.schedules.put(definition({ name: 'hourly' }), 1),
      other.schedules.put(definition({ name: 'hourly' }), 1),
    ]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  test('lists go by function, lane and origin, in the order of names', async (t) => {
    const { records } = await way.open(t);
    await records.schedules.put(definition({ name: 'b' }), 1);
    await records.schedules.put(definition({ name: 'a', origin: 'manifest' }), 1);
    await records.schedules.put(definition({ name: 'c', lane: 'dev' }), 1);
    await records.schedules.put(definition({ name: 'd', function: 'alpha' }), 1);
    const names = async (filter: Parameters<typeof records.schedules.list>[0]) =>
      (await records.schedules.list(filter)).map(({ name }) => name);
    assert.deepEqual(await names({}), ['d', 'c', 'a', 'b']);
    assert.deepEqual(await names({ function: 'report' }), ['c', 'a', 'b']);
    assert.deepEqual(await names({ function: 'report', lane: 'latest' }), ['a', 'b']);
    assert.deepEqual(await names({ origin: 'manifest' }), ['a']);
    assert.deepEqual(await names({ function: 'nobody' }), []);
  });

  test('what is due comes earliest first, page by page; paused ones and those without a tick never', async (t) => {
    const { records } = await way.open(t);
    const ids: string[] = [];
    for (const [name, nextAt] of [
      ['a', 300],
      ['b', 100],
      ['c', 200],
      ['d', 100],
      ['e', 900],
      ['f', null],
    ] as const) {
      ids.push((await records.schedules.put(definition({ name }), nextAt)).id);
    }
    await records.schedules.setPaused(ids[2]!, true, null);
    const names = (page: { name: string }[]) => page.map(({ name }) => name);
    const sameTick = [ids[1]!, ids[3]!].sort().map((id) => (id === ids[1] ? 'b' : 'd'));
    assert.deepEqual(names(await records.schedules.due(300, 10, null)), [...sameTick, 'a']);
    const page = await records.schedules.due(300, 1, null);
    assert.deepEqual(names(await records.schedules.due(300, 10, { nextAt: 100, id: page[0]!.id })), [sameTick[1], 'a']);
    assert.deepEqual(await records.schedules.due(99, 10, null), []);
    assert.equal(await records.schedules.nextTick(0), 100);
    assert.equal(await records.schedules.nextTick(100), 300, 'the paused one has no tick');
    assert.equal(await records.schedules.nextTick(900), null);
  });

  test('a pause takes the next tick away and survives a replacement; going on gives a new one', async (t) => {
    const { records, other } = await way.open(t);
    const made = await records.schedules.put(definition(), 100);
    const paused = (await records.schedules.setPaused(made.id, true, null))!;
    assert.ok(paused.pausedAt !== null && paused.nextAt === null);
    const again = (await other.schedules.setPaused(made.id, true, null))!;
    assert.equal(again.pausedAt, paused.pausedAt, 'it counts from the first time');
    const replaced = await records.schedules.put(definition({ id: made.id, payload: null }), 200);
    assert.deepEqual([replaced.pausedAt, replaced.nextAt], [paused.pausedAt, null]);
    const resumed = (await records.schedules.setPaused(made.id, false, 300))!;
    const sameTiming = await records.schedules.put(definition({ id: made.id, payload: '1' }), 400);
    assert.deepEqual([sameTiming.payload, sameTiming.nextAt], ['1', 300], 'a tick that may be due is not lost by a change');
    assert.deepEqual([resumed.pausedAt, resumed.nextAt], [null, 300]);
    assert.equal(await records.schedules.setPaused(randomUUID(), true, null), null);
  });

  test('a tick is advanced over by one of many, and by none after a change, a pause or a removal', async (t) => {
    const { records, other } = await way.open(t);
    const { id } = await records.schedules.put(definition(), 100);
    const tries = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        (index % 2 === 0 ? records : other).schedules.advance({ id, tick: 100, revision: 1 }, fired(200, 100)),
      ),
    );
    assert.equal(tries.filter(Boolean).length, 1);
    const after = (await records.schedules.get(id))!;
    assert.deepEqual([after.nextAt, after.lastAt, after.fired, after.skipped], [200, 100, 1, 0]);
    assert.match(after.lastRunId!, /^[0-9a-f-]{36}$/);
    const skip = { nextAt: 500, fired: 0, skipped: 3, last: null, problem: 'the run before is open' };
    assert.equal(await records.schedules.advance({ id, tick: 200, revision: 1 }, skip), true);
    const skipped = (await records.schedules.get(id))!;
    assert.deepEqual(
      [skipped.nextAt, skipped.lastAt, skipped.lastRunId, skipped.fired, skipped.skipped, skipped.lastProblem],
      [500, 100, after.lastRunId, 1, 3, 'the run before is open'],
    );
    await records.schedules.put(definition({ id }), 500);
    assert.equal(await records.schedules.advance({ id, tick: 500, revision: 1 }, fired(600, 500)), false, 'it was changed');
    await records.schedules.setPaused(id, true, null);
    assert.equal(await records.schedules.advance({ id, tick: 500, revision: 2 }, fired(600, 500)), false, 'it is paused');
    await records.schedules.remove(id);
    assert.equal(await records.schedules.advance({ id, tick: 500, revision: 3 }, fired(600, 500)), false, 'it is gone');
  });

  test('lanes with schedules of manifests are found, of versions and of the records', async (t) => {
    const { records } = await way.open(t);
    const details = { sha256: null, sizeBytes: null, type: null, pushedBy: null, promotedFrom: null };
    const push = async (name: string, manifest: object | null) => {
      const number = await records.versions.reserve(name, 'latest', false, null);
      await records.versions.ready(name, 'latest', number, { ...details, manifest });
    };
    await push('scheduled', { schedule: '* * * * *' });
    await push('plain', { timeout_ms: 5 });
    await push('unknown', null);
    await records.schedules.put(definition({ function: 'former', origin: 'manifest' }), null);
    await records.schedules.put(definition({ function: 'by-api' }), null);
    const lanes = await records.schedules.lanesWithManifestSchedules();
    assert.deepEqual(lanes.map((lane) => lane.function).sort(), ['former', 'scheduled']);
  });
}

function fired(nextAt: number | null, tick: number) {
  return { nextAt, fired: 1, skipped: 0, last: { at: tick, runId: randomUUID() }, problem: null };
}
