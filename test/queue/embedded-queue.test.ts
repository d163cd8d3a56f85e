import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmbeddedQueue } from '../../src/queue/embedded-queue.js';
import { until } from '../until.js';
import { announcement, announcements, recorder, testQueue } from './queue-suite.js';

testQueue({ name: 'embedded queue', skip: false, open: async () => new EmbeddedQueue() });

test('100,000 waiting announcements of many priorities come out in order', async (t) => {
  const queue = new EmbeddedQueue();
  t.after(() => queue.close());
  const wanted = Array.from({ length: 100_000 }, (_, index) => announcement((index * 7919) % 1000));
  await queue.announce(wanted);
  const { handled, handle } = recorder();
  queue.start(1, handle);
  await until(() => handled.length === wanted.length);
  assert.deepEqual(
    handled,
    wanted.toSorted((a, b) => b.priority - a.priority),
  );
});

test('what is announced in one turn of the loop is delivered by priority', async (t) => {
  const queue = new EmbeddedQueue();
  t.after(() => queue.close());
  const { handled, handle } = recorder();
  queue.start(1, handle);
  const [low, high] = [announcement(0), announcement(9)];
  await Promise.all([queue.announce([low]), queue.announce([high])]);
  await until(() => handled.length === 2);
  assert.deepEqual(handled, [high, low]);
});

test('bounded: a full queue refuses with queue_unavailable and has room again once one was taken', async (t) => {
  const queue = new EmbeddedQueue({ maxWaiting: 10 });
  t.after(() => queue.close());
  await queue.announce(announcements(10));
  await assert.rejects(queue.announce(announcements(1)), { code: 'queue_unavailable', status: 503 });
  const { handled, handle } = recorder();
  queue.start(1, handle);
  await until(() => handled.length === 10);
  await queue.announce(announcements(1));
  await until(() => handled.length === 11);
});
