import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { claimRedis } from '../../src/redis/installation.js';
import { skipWithout } from '../servers/find-binary.js';
import { findFreePort } from '../servers/free-port.js';
import { startRedis } from '../servers/redis.js';

const skip = skipWithout('redis-server');
const redis = skip ? null : await startRedis();
after(() => redis?.stop());

test('a Redis belongs to the first installation that claims it, and others are refused by name', { skip }, async () => {
  await claimRedis(redis!.url, 'first');
  await claimRedis(redis!.url, 'first');
  await assert.rejects(claimRedis(redis!.url, 'second'), /belongs to installation first, these records to second/);
  await claimRedis(`${redis!.url}/1`, 'second');
});

test('a Redis that does not answer is named without its password', async () => {
  const port = await findFreePort();
  await assert.rejects(claimRedis(`redis://user:very-secret@127.0.0.1:${port}`, 'one'), (error: Error) => {
    assert.match(error.message, new RegExp(`Redis at 127.0.0.1:${port} does not answer: .*ECONNREFUSED`));
    assert.doesNotMatch(error.message, /very-secret/);
    return true;
  });
});
