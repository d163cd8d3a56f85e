import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { openBus } from '../../src/bus/open-bus.js';
import type { Bus } from '../../src/contract/bus.js';
import { skipWithout } from '../servers/find-binary.js';
import { startRedis } from '../servers/redis.js';
import { until } from '../until.js';
import { testBus, untilConnected } from './bus-suite.js';

const skip = skipWithout('redis-server');
const redis = skip ? null : await startRedis();
after(() => redis?.stop());

const log = pino({ level: 'silent' });
const open = (installationId: string): Promise<Bus> => openBus({ redisUrl: redis!.url, installationId, log });

testBus({ name: 'Redis bus', skip, open: () => open(randomUUID()) });

describe('Redis bus of several servers', { skip }, () => {
  test('another server gets every message once, in the order it was sent', async (t) => {
    const [sender, listener] = await openServers(t, 2);
    const heard = await listen(listener!, 'topic');
    const wanted = Array.from({ length: 2000 }, (_, index) => `${index} "quoted" \u00e9\n`);
    for (const [index, message] of wanted.entries()) {
      sender!.publish('topic', message);
      if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => heard.length >= wanted.length);
    assert.deepEqual(heard, wanted);
  });

  test('messages sent after onOpen are heard', async (t) => {
    const [sender, listener] = await openServers(t, 2);
    for (let round = 0; round < 50; round += 1) {
      const heard = await listen(listener!, `topic-${round}`);
      sender!.publish(`topic-${round}`, 'first');
      await until(() => heard.length === 1);
    }
  });

  test('leaving a topic and coming back hears it again', async (t) => {
    const [sender, listener] = await openServers(t, 2);
    for (let round = 0; round < 20; round += 1) {
      const stop = listener!.subscribe('topic', () => {});
      stop();
      const heard = await listen(listener!, 'topic');
      sender!.publish('topic', String(round));
      await until(() => heard.length === 1);
      assert.deepEqual(heard, [String(round)]);
    }
  });

  test('installations on one Redis do not hear each other', async (t) => {
    const [one] = await openServers(t, 1);
    const [two, three] = await openServers(t, 2);
    const heard = await listen(three!, 'topic');
    one!.publish('topic', 'foreign');
    await one!.check();
    two!.publish('topic', 'own');
    await until(() => heard.length > 0);
    assert.deepEqual(heard, ['own']);
  });

  test('after an outage listeners are told, and hear again without asking', async (t) => {
    const [sender, listener] = await openServers(t, 2);
    const heard = await listen(listener!, 'topic');
    let reconnects = 0;
    listener!.onReconnect(() => (reconnects += 1));
    await redis!.kill();
    await assert.rejects(listener!.check());
    sender!.publish('topic', 'lost');
    await redis!.restart();
    await until(() => reconnects > 0);
    await untilConnected(sender!);
    sender!.publish('topic', 'heard');
    await until(() => heard.length > 0);
    assert.deepEqual(heard, ['heard']);
  });

  test('a listener whose own connection held is told when another server could not send', async (t) => {
    const [sender, listener] = await openServers(t, 2);
    const heard = await listen(listener!, 'topic');
    let told = 0;
    listener!.onReconnect(() => (told += 1));
    const tooMuch = 'x'.repeat(9 * 2 ** 20);
    sender!.publish('topic', tooMuch);
    await new Promise((resolve) => setImmediate(resolve));
    sender!.publish('topic', 'next');
    await until(() => heard.length > 0 && told > 0);
    assert.deepEqual(heard, ['next']);
  });

  test('bounded: an hour of messages without Redis takes no memory', async (t) => {
    const [sender] = await openServers(t, 1);
    t.after(() => redis!.restart());
    await redis!.kill();
    await assert.rejects(sender!.check());
    const message = 'x'.repeat(2000);
    const before = process.memoryUsage().heapUsed;
    for (let round = 0; round < 2000; round += 1) {
      for (let index = 0; index < 100; index += 1) sender!.publish(`topic-${index}`, message);
      sender!.subscribe(`topic-${round}`, () => {})();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const grownBy = process.memoryUsage().heapUsed - before;
    assert.ok(grownBy < 100 * 2 ** 20, `grew by ${grownBy} bytes while ${2000 * 100 * message.length} were sent`);
  });

  test('text of somebody else on our channel is passed over', async (t) => {
    const bus = await open('shared');
    t.after(() => bus.close());
    const stranger = new Redis(redis!.url);
    t.after(() => stranger.disconnect());
    const heard = await listen(bus, 'topic');
    for (const text of ['no JSON', 'null', '{"a":1}', '[1,2]', '["stranger","readable"]'])
      await stranger.publish('laneway:shared:bus:topic', text);
    await until(() => heard.length > 0);
    assert.deepEqual(heard, ['readable']);
  });

  test('a handler that throws on reconnect does not keep the others from hearing of it', async (t) => {
    const [sender, listener] = await openServers(t, 2);
    const heard = await listen(listener!, 'topic');
    let later = false;
    listener!.onReconnect(() => {
      throw new Error('broken handler');
    });
    listener!.onReconnect(() => (later = true));
    await redis!.restart();
    await until(() => later);
    await untilConnected(sender!);
    sender!.publish('topic', 'still there');
    await until(() => heard.length === 1);
  });
});

async function openServers(t: { after: (end: () => Promise<void>) => void }, count: number): Promise<Bus[]> {
  const installation = randomUUID();
  const servers = await Promise.all(Array.from({ length: count }, () => open(installation)));
  for (const server of servers) {
    t.after(() => server.close());
    await untilConnected(server);
  }
  return servers;
}

/** Resolves when other servers' messages arrive from now on. */
async function listen(bus: Bus, topic: string): Promise<string[]> {
  const heard: string[] = [];
  await new Promise<void>((resolve) => void bus.subscribe(topic, (message) => heard.push(message), resolve));
  return heard;
}
