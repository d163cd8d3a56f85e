import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { pino } from 'pino';
import { LanewayError } from '../../../src/errors.js';
import { EndDeliveries, type EndDeliveryParts } from '../../../src/runs/deliveries/end-deliveries.js';
import { triesAtMost } from '../../../src/runs/deliveries/retry-plan.js';
import { until } from '../../until.js';
import { FakeDeliveries } from './fake-deliveries.js';
import { answering, startReceiver } from './receiver.js';

const settings = { allowPrivate: true, everyMs: 50, webhookTimeoutMs: 60_000 };

function open(t: TestContext, more: Partial<EndDeliveryParts> = {}, everyMs = settings.everyMs) {
  const records = new FakeDeliveries();
  const started: string[] = [];
  const parts: EndDeliveryParts = {
    runs: records,
    accept: (request) => Promise.resolve(started.push(request.id!)),
    publish: () => Promise.resolve(),
    secretsFor: () => ({}),
    log: pino({ level: 'silent' }),
    ...more,
  };
  const start = () => {
    const deliveries = new EndDeliveries(parts, { ...settings, everyMs });
    t.after(() => deliveries.close());
    return deliveries;
  };
  return { records, started, start };
}

test('what waits at the start is told, and settled as told', async (t) => {
  const { records, started, start } = open(t);
  const { id } = records.add();
  start();
  await until(() => records.delivery(id).state === 'delivered');
  assert.equal(started.length, 1);
  assert.equal(records.delivery(id).attempts, 1);
});

test('a wake tells at once, however seldom it looks; without one it looks all the same', async (t) => {
  const woken = open(t, {}, 1_000_000);
  const deliveries = woken.start();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const { id } = woken.records.add();
  deliveries.wake();
  await until(() => woken.records.delivery(id).state === 'delivered');

  const looking = open(t);
  looking.start();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const { id: other } = looking.records.add();
  await until(() => looking.records.delivery(other).state === 'delivered');
});

test('a failing one is tried again until it is told', async (t) => {
  const receiver = await startReceiver(t, (response, request) => {
    answering(receiver.received.length < 4 ? 500 : 200)(response, request);
  });
  const { records, start } = open(t);
  records.hurry = 1000;
  const { id } = records.add({ to: { webhook: receiver.url } });
  start();
  await until(() => records.delivery(id).state === 'delivered');
  assert.equal(receiver.received.length, 4);
  const [first, second] = records.settled;
  assert.equal(first!.outcome.problem, 'the receiver answered 500');
  assert.ok(second!.outcome.retryInMs! >= 1600 && second!.outcome.retryInMs! <= 2400);
  assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1);
});

test('one that never works is given up after its last try, and the problem is kept', async (t) => {
  const { records, start } = open(t, {
    accept: () => Promise.reject(new LanewayError('function_not_found', { function: 'next' })),
  });
  records.hurry = 100_000;
  const { id } = records.add();
  start();
  await until(() => records.delivery(id).state === 'failed');
  assert.equal(records.delivery(id).attempts, triesAtMost);
  assert.match(records.delivery(id).problem!, /no function next/);
});

test('410 and a chain that is too long are given up at once', async (t) => {
  const receiver = await startReceiver(t, answering(410));
  const { records, start } = open(t);
  const ids = [
    records.add({ id: randomUUID(), to: { webhook: receiver.url } }).id,
    records.add({ id: randomUUID(), hops: 16 }).id,
  ];
  start();
  await until(() => ids.every((id) => records.delivery(id).state === 'failed'));
  assert.deepEqual(
    ids.map((id) => records.delivery(id).attempts),
    [1, 1],
  );
});

test('a receiver that asks for time gets it', async (t) => {
  const receiver = await startReceiver(t, answering(429, { 'retry-after': '120' }));
  const { records, start } = open(t);
  records.add({ to: { webhook: receiver.url } });
  start();
  await until(() => records.settled.length === 1);
  assert.equal(records.settled[0]!.outcome.retryInMs, 120_000);
});

test('sixteen are told at a time, and the others after them', async (t) => {
  let under = 0;
  let most = 0;
  const waiting: (() => void)[] = [];
  const { records, start } = open(t, {
    accept: () =>
      new Promise<void>((resolve) => {
        under += 1;
        most = Math.max(most, under);
        waiting.push(() => {
          under -= 1;
          resolve();
        });
      }),
  });
  const ids = Array.from({ length: 100 }, () => records.add({ id: randomUUID() }).id);
  start();
  await until(() => {
    if (waiting.length >= 16 || records.settled.length >= 96) for (const end of waiting.splice(0)) end();
    return ids.every((id) => records.delivery(id).state === 'delivered');
  });
  assert.equal(most, 16);
});

test('records that are away are asked again, for work and for its end', async (t) => {
  const { records, start } = open(t);
  const { id } = records.add();
  const away = () => Promise.reject(new LanewayError('records_unavailable', { problem: 'away' }));
  const settle = records.settleDelivery.bind(records);
  let tries = 0;
  t.mock.method(records, 'settleDelivery', (...given: Parameters<typeof settle>) => (tries++ < 2 ? away() : settle(...given)));
  const take = records.takeDeliveries.bind(records);
  let takes = 0;
  t.mock.method(records, 'takeDeliveries', (...given: Parameters<typeof take>) => (takes++ < 1 ? away() : take(...given)));
  start();
  await until(() => records.delivery(id).state === 'delivered');
  assert.equal(tries, 3);
});

test('closing cuts webhooks off and leaves them to the next server at once', async (t) => {
  const receiver = await startReceiver(t, () => {});
  const { records, start } = open(t);
  const { id } = records.add({ to: { webhook: receiver.url } });
  const deliveries = start();
  await until(() => receiver.received.length === 1);
  await deliveries.close();
  assert.deepEqual(records.settled, [{ id, attempt: 1, outcome: { problem: records.delivery(id).problem, retryInMs: 0 } }]);
  assert.match(records.delivery(id).problem!, /closing/);
  receiver.answer = answering(200);
  start();
  await until(() => records.delivery(id).state === 'delivered');
});

test('a closed one takes no more', async (t) => {
  const { records, start } = open(t);
  const deliveries = start();
  await deliveries.close();
  const { id } = records.add();
  deliveries.wake();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(records.delivery(id).attempts, 0);
});

test('two servers tell each end once', async (t) => {
  const { records, started, start } = open(t);
  start();
  start();
  const ids = Array.from({ length: 200 }, () => records.add({ id: randomUUID() }).id);
  await until(() => ids.every((id) => records.delivery(id).state === 'delivered'));
  assert.equal(started.length, 200);
  assert.equal(new Set(started).size, 200);
});

test('what a dead server took is told by another when its time is over', async (t) => {
  const { records, start } = open(t);
  const { id } = records.add();
  const [taken] = await records.takeDeliveries(1, 50);
  assert.equal(taken!.id, id);
  start();
  await until(() => records.delivery(id).state === 'delivered');
  assert.equal(records.delivery(id).attempts, 2);
});
