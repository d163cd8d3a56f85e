import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { RedisClaim } from '../../src/redis/installation.js';
import { skipWithout } from '../servers/find-binary.js';
import { findFreePort } from '../servers/free-port.js';
import { startRedis } from '../servers/redis.js';
import { until } from '../until.js';

const skip = skipWithout('redis-server');
const redis = skip ? null : await startRedis();
after(() => redis?.stop());

/** A claim whose log lines are kept. */
async function claim(t: TestContext, url: string, installationId: string) {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const claimed = await RedisClaim.open(url, installationId, log);
  t.after(() => claimed.close());
  return { claimed, lines };
}

test('a Redis belongs to the first installation that claims it, and others are refused by name', { skip }, async (t) => {
  await claim(t, redis!.url, 'first');
  await claim(t, redis!.url, 'first');
  await assert.rejects(claim(t, redis!.url, 'second'), /belongs to installation first, these records to second/);
  await claim(t, `${redis!.url}/1`, 'second');
});

test('a Redis that does not answer is waited for, and named without its password', async (t) => {
  const port = await findFreePort();
  const { claimed, lines } = await claim(t, `redis://user:very-secret@127.0.0.1:${port}`, 'one');
  await claimed.check();
  assert.match(lines[0]!, /ECONNREFUSED.*Redis at 127\.0\.0\.1/);
  assert.doesNotMatch(lines.join(''), /very-secret/);
});

test('an emptied Redis is claimed again, and one that somebody else took meanwhile is told', { skip }, async (t) => {
  await redis!.flush();
  const { claimed, lines } = await claim(t, redis!.url, 'ours');
  await redis!.flush();
  claimed.renew();
  const reader = new Redis(redis!.url);
  t.after(() => reader.disconnect());
  await until(async () => (await reader.get('laneway:installation')) === 'ours');
  await assert.rejects(claim(t, redis!.url, 'theirs'), /belongs to installation ours/);
  await redis!.flush();
  await claim(t, redis!.url, 'theirs');
  claimed.renew();
  await until(() =>
    claimed.check().then(
      () => false,
      () => true,
    ),
  );
  assert.match(lines.join(''), /belongs to installation theirs/);
});
