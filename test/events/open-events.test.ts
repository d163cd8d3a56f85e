import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { PublishedEvent } from '../../src/contract/events.js';
import type { RunRecord, VersionRecord } from '../../src/contract/records.js';
import { type ErrorCode, LanewayError } from '../../src/errors.js';
import { openEvents } from '../../src/events/open-events.js';
import type { RunRequest } from '../../src/runs/run-request.js';

const event: PublishedEvent = {
  id: '11111111-1111-4111-8111-111111111111',
  name: 'order.paid',
  data: '{"n":1}',
  callerId: 'someone',
  keyId: 'key1',
  traceparent: null,
  hops: 0,
  idempotencyKey: null,
  reaches: () => true,
};

/** As many functions as asked for, all of which want every event. */
function open(count: number) {
  const runs = new Map<string, RunRequest>();
  const refusals = new Map<string, ErrorCode>();
  const names = Array.from({ length: count }, (_, index) => `f${index}`);
  const manifest = { events: ['*'] };
  const events = openEvents({
    store: {
      onLaneChange: () => () => {},
      lane: (name, lane) => Promise.resolve({ function: name, lane, current: '1.1', pin: null, split: null, versions: 1 }),
      version: () => Promise.resolve({ manifest } as VersionRecord),
    },
    versions: {
      lanesThatMayWantEvents: () => Promise.resolve(names.map((name) => ({ function: name, lane: 'latest' }))),
    },
    runs: { get: (id) => Promise.resolve((runs.get(id) ?? null) as RunRecord | null) },
    accept: async (request) => {
      await new Promise((resolve) => setImmediate(resolve));
      const refusal = refusals.get(request.function);
      if (refusal !== undefined) throw new LanewayError(refusal, { id: 'x', problem: 'as the test says' });
      if (runs.has(request.id!)) throw new LanewayError('run_id_in_use', { id: request.id! });
      runs.set(request.id!, request);
    },
    log: pino({ level: 'silent' }),
  });
  return { events, runs, refusals };
}

test('every subscriber gets one run, with the data, the name and the id', async () => {
  const { events, runs } = open(100);
  const { started, refused } = await events.publish(event);
  assert.deepEqual([started.length, refused.length, runs.size], [100, 0, 100]);
  const run = runs.get(started[0]!.runId)!;
  assert.equal(run.payload, event.data);
  assert.equal(run.source, 'event');
  assert.equal(run.version, '');
  assert.deepEqual(run.invocation.parameters, { event: 'order.paid', event_id: event.id });
  assert.deepEqual(run.invocation.headers, { 'x-laneway-event': 'order.paid', 'x-laneway-event-id': event.id });
  assert.equal(run.queued!.idempotencyKey, undefined);
});

test('the same event again starts nothing, and answers the same runs; another event starts its own', async () => {
  const { events, runs } = open(10);
  const first = await events.publish(event);
  const again = await events.publish(event);
  const ids = (answer: typeof first) => answer.started.map(({ runId }) => runId).sort();
  assert.deepEqual(ids(again), ids(first));
  assert.equal(runs.size, 10);
  await events.publish({ ...event, id: '22222222-2222-4222-8222-222222222222' });
  assert.equal(runs.size, 20);
});

test('an id that somebody else has taken is told, not counted as started', async () => {
  const { events, runs } = open(1);
  await events.publish(event);
  for (const [id, run] of runs) runs.set(id, { ...run, source: 'http' });
  await assert.rejects(events.publish(event), { code: 'run_id_in_use' });
});

test('what keeps a run from being accepted is told with the event’s id, and telling it again goes on', async () => {
  const { events, runs, refusals } = open(100);
  refusals.set('f50', 'queue_full');
  await assert.rejects(events.publish(event), (error: LanewayError) => {
    assert.deepEqual([error.code, error.details['event_id'], error.retryAfter], ['queue_full', event.id, 1]);
    return true;
  });
  assert.ok(runs.size < 100);
  refusals.clear();
  assert.equal((await events.publish(event)).started.length, 100);
  assert.equal(runs.size, 100);
});

test('a subscriber that can not run at all does not keep the event from the others', async () => {
  const { events, refusals } = open(3);
  refusals.set('f1', 'entry_missing');
  const { started, refused } = await events.publish(event);
  assert.deepEqual(started.map((run) => run.function).sort(), ['f0', 'f2']);
  assert.deepEqual(
    refused.map(({ function: name, code }) => [name, code]),
    [['f1', 'entry_missing']],
  );
});

test('an event reaches a bounded number of subscribers, and only those its publisher may reach', async () => {
  const { events, runs } = open(1001);
  await assert.rejects(events.publish(event), { code: 'too_many_subscribers' });
  assert.equal(runs.size, 0);
  const { started } = await events.publish({ ...event, reaches: (name) => name === 'f7' });
  assert.deepEqual(
    started.map((run) => run.function),
    ['f7'],
  );
});

test('hops and the publisher’s key go with the runs', async () => {
  const { events, runs } = open(1);
  await events.publish({ ...event, hops: 5, idempotencyKey: 'k' });
  const [run] = runs.values();
  assert.deepEqual(run!.queued, { hops: 5, idempotencyKey: `event/${event.id}/f0/latest` });
});

test('nobody subscribes: nothing happens', async () => {
  assert.deepEqual(await open(0).events.publish(event), { started: [], refused: [] });
});
