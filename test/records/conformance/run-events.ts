import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '../../../src/contract/records.js';
import { endedRun } from '../sample-runs.js';
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
