import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishedEvent } from '../../../src/contract/events.js';
import type { RunRecord } from '../../../src/contract/records.js';
import { LanewayError } from '../../../src/errors.js';
import { DeliveryProblem } from '../../../src/runs/deliveries/delivery-problem.js';
import { SilentReceivers } from '../../../src/runs/deliveries/silent-receivers.js';
import { destinationOf, hopsAtMost, tellEnd, type TellParts } from '../../../src/runs/deliveries/tell-end.js';
import type { RunRequest } from '../../../src/runs/run-request.js';
import { endedRun } from './ended-run.js';
import { startReceiver } from './receiver.js';

function open(inUse: RunRecord | null = null) {
  const accepted: (RunRequest & { id?: string })[] = [];
  const published: PublishedEvent[] = [];
  const parts: TellParts = {
    runs: {
      get: () => Promise.resolve(inUse),
      payload: () => Promise.resolve('"payload"'),
      result: () => Promise.resolve('"result"'),
    },
    accept: (request) => {
      accepted.push(request);
      return inUse === null ? Promise.resolve() : Promise.reject(new LanewayError('run_id_in_use', { id: request.id! }));
    },
    publish: (event) => Promise.resolve(published.push(event)),
    secretsFor: () => ({}),
    silent: new SilentReceivers(),
    allowPrivate: true,
    timeoutMs: 5000,
    signal: new AbortController().signal,
  };
  return { accepted, published, parts };
}

test('success and failure have destinations of their own; expired is a failure', () => {
  const policy = { retry: null, onSuccess: { event: 'good' }, onFailure: { event: 'bad' } };
  assert.deepEqual(destinationOf({ state: 'succeeded', policy }), { event: 'good' });
  assert.deepEqual(destinationOf({ state: 'failed', policy }), { event: 'bad' });
  assert.deepEqual(destinationOf({ state: 'expired', policy }), { event: 'bad' });
  assert.equal(destinationOf({ state: 'failed', policy: { ...policy, onFailure: null } }), null);
  assert.equal(destinationOf({ state: 'failed', policy: null }), null);
});

test('another function gets a queued run with the report, the caller, the trace and the id of the run', async () => {
  const { accepted, parts } = open();
  await tellEnd(endedRun({ to: { function: 'next', lane: 'production' } }), parts);
  const [request] = accepted;
  assert.equal(request!.function, 'next');
  assert.equal(request!.lane, 'production');
  assert.equal(request!.source, 'destination');
  assert.equal(request!.callerId, 'someone');
  assert.equal(request!.traceparent, endedRun().traceparent);
  assert.deepEqual(request!.invocation.parameters, { origin_run_id: endedRun().id, origin_state: 'succeeded' });
  assert.equal((JSON.parse(request!.payload!) as { result: string }).result, 'result');
  assert.equal(request!.queued!.hops, 1);
});

test('told twice it asks for the same run; success and failure are two', async () => {
  const { accepted, parts } = open();
  await tellEnd(endedRun(), parts);
  await tellEnd(endedRun(), parts);
  await tellEnd(endedRun({ state: 'failed' }), parts);
  assert.equal(accepted[0]!.id, accepted[1]!.id);
  assert.notEqual(accepted[0]!.id, accepted[2]!.id);
});

test('a run that is there already was started by an earlier try, unless it is somebody else’s', async () => {
  const started = open(endedRun({ source: 'destination', function: 'next' }));
  await tellEnd(endedRun(), started.parts);
  for (const other of [
    { source: 'http', function: 'next' },
    { source: 'destination', function: 'other' },
  ]) {
    await assert.rejects(tellEnd(endedRun(), open(endedRun(other)).parts), { code: 'run_id_in_use' });
  }
});

test('an event gets the report, and an id that follows from the run', async () => {
  const { published, parts } = open();
  await tellEnd(endedRun({ state: 'failed', to: { event: 'order.failed' }, hops: 3 }), parts);
  await tellEnd(endedRun({ state: 'failed', to: { event: 'order.failed' }, hops: 3 }), parts);
  assert.equal(published[0]!.id, published[1]!.id);
  assert.equal(published[0]!.name, 'order.failed');
  assert.equal(published[0]!.hops, 4);
  assert.equal((JSON.parse(published[0]!.data!) as { payload: string }).payload, 'payload');
});

test('a chain ends after its last hop, for good; a webhook starts nothing here and may end it', async (t) => {
  const { accepted, published, parts } = open();
  const refused = (error: unknown) => error instanceof DeliveryProblem && error.forGood && /16 ends/.test(error.message);
  await assert.rejects(tellEnd(endedRun({ hops: hopsAtMost }), parts), refused);
  await assert.rejects(tellEnd(endedRun({ hops: hopsAtMost, to: { event: 'e' } }), parts), refused);
  assert.deepEqual([accepted.length, published.length], [0, 0]);
  await tellEnd(endedRun({ hops: hopsAtMost - 1 }), parts);
  assert.equal(accepted[0]!.queued!.hops, hopsAtMost);
  const receiver = await startReceiver(t);
  await tellEnd(endedRun({ hops: hopsAtMost, to: { webhook: receiver.url } }), parts);
  assert.equal(receiver.received.length, 1);
});
