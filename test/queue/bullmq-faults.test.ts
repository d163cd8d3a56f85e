import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import type { Queue } from '../../src/contract/queue.js';
import { openQueue } from '../../src/queue/open-queue.js';
import { skipWithout } from '../servers/find-binary.js';
import { findFreePort } from '../servers/free-port.js';
import { startRedis } from '../servers/redis.js';
import { until } from '../until.js';
import { announcement, announcements, gate, idsOf, letAllGo, recorder } from './queue-suite.js';

const skip = skipWithout('redis-server');
const redis = skip ? null : await startRedis();
after(() => redis?.stop());

const log = pino({ level: 'silent' });
type Ends = { after: (end: () => Promise<void> | void) => void };

async function openServer(
  t: Ends,
  settings: { installationId?: string; leaseMs?: number; redisUrl?: string } = {},
): Promise<Queue> {
  const queue = await openQueue({ redisUrl: redis!.url, installationId: randomUUID(), leaseMs: 15_000, log, ...settings });
  t.after(() => {
    letAllGo();
    return queue.close();
  });
  return queue;
}

describe('BullMQ queue of several servers', { skip }, () => {
  test('two servers share the work, each announcement handled by one', async (t) => {
    const installationId = randomUUID();
    const [one, two] = [await openServer(t, { installationId }), await openServer(t, { installationId })];
    const [byOne, byTwo] = [gate(), gate()];
    one.start(4, byOne.handle);
    two.start(4, byTwo.handle);
    const wanted = announcements(100);
    await one.announce(wanted);
    await until(() => byOne.handled.length === 4 && byTwo.handled.length === 4);
    await until(() => {
      byOne.letGo();
      byTwo.letGo();
      return byOne.handled.length + byTwo.handled.length >= wanted.length;
    });
    assert.deepEqual(idsOf([...byOne.handled, ...byTwo.handled]), idsOf(wanted));
  });

  test('with concurrency 0 a server announces for others and takes nothing', async (t) => {
    const installationId = randomUUID();
    const taker = await openServer(t, { installationId });
    const caller = await openServer(t, { installationId });
    const none = recorder();
    caller.start(0, none.handle);
    await caller.announce(announcements(5));
    assert.equal(await caller.depth(), 5);
    const { handled, handle } = recorder();
    taker.start(1, handle);
    await until(() => handled.length === 5);
    assert.equal(none.handled.length, 0);
  });

  test('what a stopping server had already fetched is handled by another', async (t) => {
    const installationId = randomUUID();
    const other = await openServer(t, { installationId });
    const wanted = announcements(20);
    await other.announce(wanted);
    const stopping = await openServer(t, { installationId });
    const byFirst = recorder();
    stopping.start(4, async (one) => {
      await byFirst.handle(one);
      // The next job is on its way at this moment.
      void stopping.stop();
    });
    await until(() => byFirst.handled.length > 0);
    await stopping.stop();
    const byOther = recorder();
    other.start(4, byOther.handle);
    await until(() => byFirst.handled.length + byOther.handled.length >= wanted.length);
    assert.deepEqual(idsOf([...byFirst.handled, ...byOther.handled]), idsOf(wanted));
  });

  test('a server killed -9 holds its announcements no longer than a lease, and they can be announced again', async (t) => {
    const installationId = randomUUID();
    const survivor = await openServer(t, { installationId, leaseMs: 1000 });
    const lost = announcements(2);
    const { server, taken } = await startServerProcess(installationId, 1000);
    t.after(() => void server.kill('SIGKILL'));
    await survivor.announce(lost);
    await until(() => taken.length === 2);
    server.kill('SIGKILL');
    const { handled, handle } = recorder();
    survivor.start(2, handle);
    await until(async () => (await jobKeys(installationId)).length === 0);
    const again = lost.map((one) => ({ ...one, fence: 2 }));
    await survivor.announce(again);
    await until(() => handled.length === 2);
    assert.deepEqual(idsOf(handled), idsOf(again));
    await until(async () => (await jobKeys(installationId)).length === 0);
  });

  test('an announcement that a dead server took can be announced with the same fence once it is cleaned up', async (t) => {
    const installationId = randomUUID();
    const survivor = await openServer(t, { installationId, leaseMs: 1000 });
    const [lost] = announcements(1);
    const { server, taken } = await startServerProcess(installationId, 1000);
    await survivor.announce([lost!]);
    await until(() => taken.length === 1);
    server.kill('SIGKILL');
    const { handled, handle } = recorder();
    survivor.start(2, handle);
    await until(async () => (await jobKeys(installationId)).length === 0);
    await survivor.announce([lost!]);
    await until(() => handled.length === 1);
  });

  test('a run longer than its lock is still held, and handled once', async (t) => {
    const installationId = randomUUID();
    const [one, two] = [
      await openServer(t, { installationId, leaseMs: 1000 }),
      await openServer(t, { installationId, leaseMs: 1000 }),
    ];
    const long = announcement();
    const { handled, handle, letGo } = gate();
    one.start(2, handle);
    two.start(2, handle);
    await one.announce([long]);
    await until(() => handled.length === 1);
    const lock = `laneway:${installationId}:runs:${long.runId}.1:lock`;
    const connection = connect(t);
    // The lock was lengthened twice: more time to live than just before, two times over.
    for (let renewals = 0, before = Infinity; renewals < 2;) {
      const left = await connection.pttl(lock);
      assert.notEqual(left, -2, 'the lock is gone');
      if (left > before) renewals += 1;
      before = left;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    letGo();
    await until(async () => (await jobKeys(installationId)).length === 0);
    assert.equal(handled.length, 1);
  });
});

describe('BullMQ queue while Redis is away', { skip }, () => {
  test('announce, depth and check refuse at once, and work again after it is back', async (t) => {
    t.after(() => redis!.restart());
    const queue = await openServer(t);
    await redis!.kill();
    await until(() =>
      queue.check().then(
        () => false,
        () => true,
      ),
    );
    for (const refused of [queue.announce(announcements(1)), queue.depth(), queue.check()]) {
      await assert.rejects(refused, { code: 'queue_unavailable', status: 503 });
    }
    await redis!.restart();
    await untilBack(queue);
    await queue.announce(announcements(3));
    assert.equal(await queue.depth(), 3);
  });

  test('a server that waits for work goes on after a restart that kept the data', async (t) => {
    const queue = await openServer(t);
    const { handled, handle } = recorder();
    queue.start(2, handle);
    await queue.announce(announcements(1));
    await until(() => handled.length === 1);
    await redis!.kill();
    await redis!.restart();
    await untilBack(queue);
    await queue.announce(announcements(10));
    await until(() => handled.length === 11);
  });

  test('what waited before the outage is delivered after it', async (t) => {
    const queue = await openServer(t);
    const { handled, handle, letGo } = gate();
    queue.start(1, handle);
    const wanted = announcements(5);
    await queue.announce(wanted);
    await until(() => handled.length === 1);
    await redis!.kill();
    letGo();
    await redis!.restart();
    await until(() => {
      letGo();
      return new Set(idsOf(handled)).size === 5;
    });
  });

  test('a handler that returns during the outage frees its place', async (t) => {
    const installationId = randomUUID();
    const queue = await openServer(t, { installationId });
    const { handled, handle, letGo } = gate();
    queue.start(2, handle);
    await queue.announce(announcements(2));
    await until(() => handled.length === 2);
    await redis!.kill();
    await until(() =>
      queue.check().then(
        () => false,
        () => true,
      ),
    );
    letGo();
    await redis!.restart();
    await until(async () => (await jobKeys(installationId)).length === 0);
    await queue.announce(announcements(2));
    await until(() => handled.length === 4);
    letGo();
  });

  test('an emptied Redis forgets everything, and what is announced again is delivered', async (t) => {
    const queue = await openServer(t);
    const { handled, handle, letGo } = gate();
    queue.start(1, handle);
    const [underWay, waiting] = announcements(2);
    await queue.announce([underWay!, waiting!]);
    await until(() => handled.length === 1);
    await redis!.flush();
    await queue.announce([waiting!]);
    letGo();
    await until(() => handled.length === 2);
    assert.deepEqual(handled, [underWay, waiting]);
    letGo();
  });

  test('a Redis that hangs makes announce reject, and everything goes on when it answers again', async (t) => {
    const queue = await openServer(t);
    t.after(() => redis!.thaw());
    const { handled, handle } = recorder();
    queue.start(2, handle);
    await queue.announce(announcements(1));
    await until(() => handled.length === 1);
    redis!.freeze();
    await assert.rejects(queue.announce(announcements(1)), { code: 'queue_unavailable' });
    redis!.thaw();
    await untilBack(queue);
    const later = announcement();
    await queue.announce([later]);
    await until(() => handled.some((one) => one.runId === later.runId));
  });

  test('a server started without Redis works once it is there', async (t) => {
    t.after(() => redis!.restart());
    await redis!.kill();
    const opening = openQueue({ redisUrl: redis!.url, installationId: randomUUID(), leaseMs: 15_000, log });
    const queue = await opening;
    t.after(() => queue.close());
    const { handled, handle } = recorder();
    queue.start(1, handle);
    await assert.rejects(queue.announce(announcements(1)), { code: 'queue_unavailable' });
    await redis!.restart();
    await untilBack(queue);
    await queue.announce(announcements(3));
    await until(() => handled.length === 3);
  });

  test('stop and close end while it is away, before and after a first connection', async (t) => {
    t.after(() => redis!.restart());
    const known = await openServer(t);
    known.start(2, recorder().handle);
    await known.announce(announcements(1));
    await redis!.kill();
    await known.stop();
    await known.close();
    const never = await openServer(t, { redisUrl: `redis://127.0.0.1:${await findFreePort()}` });
    never.start(2, recorder().handle);
    await never.stop();
    await never.close();
  });
});

async function startServerProcess(installationId: string, leaseMs: number): Promise<{ server: ChildProcess; taken: string[] }> {
  const program = new URL('./server-process.js', import.meta.url);
  const server = fork(program, [redis!.url, installationId, String(leaseMs)]);
  const said: string[] = [];
  const taken: string[] = [];
  server.on('message', (message: string) => (message === 'started' ? said : taken).push(message));
  await until(() => said.length === 1);
  return { server, taken };
}

function connect(t: Ends): Redis {
  const connection = new Redis(redis!.url);
  t.after(() => connection.disconnect());
  return connection;
}

/** What is left in Redis of an installation's announcements. */
async function jobKeys(installationId: string): Promise<string[]> {
  const connection = new Redis(redis!.url);
  try {
    const keys = await connection.keys(`laneway:${installationId}:runs:*-*`);
    return [...keys, ...(await connection.lrange(`laneway:${installationId}:runs:active`, 0, -1))];
  } finally {
    connection.disconnect();
  }
}

async function untilBack(queue: Queue): Promise<void> {
  await until(() =>
    queue.check().then(
      () => true,
      () => false,
    ),
  );
}
