import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '../../../src/contract/records.js';
import { acceptRun, endedQueuedRun, endedRun, succeeded } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';

export function testEvents(way: RecordsWay): void {
  test('events are read in the order of attempt and number, from any place', async (t) => {
    const { records } = await way.open(t);
    const events = [
      event(2, 1),
      event(1, 10),
      event(1, 2),
      event(1, 1, { kind: 'state', stream: null, data: '{"state":"running"}' }),
    ];
    await records.events.append(events);
    await records.events.append([event(1, 1, { runId: 'another' })]);
    const inOrder = events.toReversed();
    assert.deepEqual(await records.events.read('run', null, 10), inOrder);
    assert.deepEqual(await records.events.read('run', null, 2), inOrder.slice(0, 2));
    assert.deepEqual(await records.events.read('run', { attempt: 1, seq: 2 }, 10), inOrder.slice(2));
    assert.deepEqual(await records.events.read('run', { attempt: 2, seq: 1 }, 10), []);
  });

  test('an event that is there already is skipped', async (t) => {
    const { records } = await way.open(t);
    await records.events.append([event(1, 1, { data: 'first' })]);
    await Promise.all([
      records.events.append([event(1, 1, { data: 'again' }), event(1, 2), event(1, 2)]),
      records.events.append([event(1, 2), event(1, 3)]),
      records.events.append([]),
    ]);
    const read = await records.events.read('run', null, 10);
    assert.deepEqual(
      read.map(({ seq, data }) => [seq, data]),
      [
        [1, 'first'],
        [2, 'text'],
        [3, 'text'],
      ],
    );
  });

  test('how far runs have come is told for many at once: their ends and the last of their events', async (t) => {
    const { records } = await way.open(t);
    const silent = (await acceptRun(records)).id;
    const talking = (await acceptRun(records)).id;
    const ended = await endedQueuedRun(records, succeeded);
    const sync = endedRun();
    await records.runs.writeSync([sync]);
    await records.events.append([
      ...[1, 2, 9].map((seq) => event(1, seq, { runId: talking })),
      event(2, 1, { runId: talking }),
      event(1, 3, { runId: ended }),
    ]);
    const others = await Promise.all(Array.from({ length: 300 }, async () => (await acceptRun(records)).id));
    const told = await records.runs.howFar([silent, talking, ended, sync.id, 'nobody', ...others]);
    const standings = new Map(told.map(({ id, ...standing }) => [id, standing]));
    assert.equal(told.length, 304);
    assert.deepEqual(standings.get(silent), { ended: false, lastEvent: null });
    assert.deepEqual(standings.get(talking), { ended: false, lastEvent: { attempt: 2, seq: 1 } });
    assert.deepEqual(standings.get(ended), { ended: true, lastEvent: { attempt: 1, seq: 3 } });
    assert.deepEqual(standings.get(sync.id), { ended: true, lastEvent: null });
    assert.ok(others.every((id) => standings.has(id)));
    assert.deepEqual(await records.runs.howFar([]), []);
  });

  test('forgetting takes the oldest ends first, with their events, and leaves open runs alone', async (t) => {
    const { records } = await way.open(t);
    const runs = Array.from({ length: 7 }, (_, index) => endedRun({ endedAt: 1000 + index }));
    await records.runs.writeSync(runs);
    await records.events.append(runs.map(({ id }) => event(1, 1, { runId: id })));
    const before = { endedBefore: 1005, deadBefore: 0, keepAtMost: null };
    assert.equal(await records.runs.forget(before, 3), 3);
    assert.equal(await records.runs.get(runs[2]!.id), null);
    assert.deepEqual(await records.events.read(runs[2]!.id, null, 10), []);
    assert.equal(await records.runs.result(runs[2]!.id), null);
    assert.notEqual(await records.runs.get(runs[3]!.id), null);
    assert.equal(await records.runs.forget(before, 100), 2);
    assert.equal(await records.runs.forget(before, 100), 0);
    assert.equal((await records.events.read(runs[5]!.id, null, 10)).length, 1);
  });
}

function event(attempt: number, seq: number, more: Partial<RunEvent> = {}): RunEvent {
  return { runId: 'run', attempt, seq, at: 1000 + seq, kind: 'log', stream: 'stdout', data: 'text', ...more };
}
