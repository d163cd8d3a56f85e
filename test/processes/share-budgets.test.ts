import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config.js';
import { PauseBeforeStart } from '../../src/processes/pause-before-start.js';
import { shareBudgets } from '../../src/processes/share-budgets.js';

const configOf = (settings: Record<string, string>) =>
  shareBudgets(
    readConfig({
      LANEWAY_SERVER_PROCESSES: '3',
      LANEWAY_REDIS_URL: 'redis://a',
      LANEWAY_DATABASE_URL: 'postgres://a',
      ...settings,
    }),
  );

test('budgets of the machine are divided, rounded up; what is off stays off, and the rest is as it was', () => {
  const config = configOf({ LANEWAY_MAX_WORKERS: '64', LANEWAY_QUEUE_CONCURRENCY: '0', LANEWAY_SPARE_THREADS: '1' });
  const { MAX_WORKERS, QUEUE_CONCURRENCY, SPARE_THREADS, FUNCTION_CONCURRENCY, MAX_WAITING } = config;
  assert.deepEqual([MAX_WORKERS, QUEUE_CONCURRENCY, SPARE_THREADS], [22, 0, 1]);
  assert.deepEqual([FUNCTION_CONCURRENCY, MAX_WAITING], [8, 1000]);
});

test('a process that dies again and again is started after longer and longer pauses, until it has served for a while', () => {
  let now = 0;
  const pause = new PauseBeforeStart(() => now);
  assert.deepEqual([pause.next(), pause.next(), pause.next()], [100, 200, 400]);
  pause.began();
  now += 59_000;
  assert.equal(pause.next(), 800);
  for (let death = 0; death < 20; death += 1) pause.next();
  assert.equal(pause.next(), 30_000);
  pause.began();
  now += 60_000;
  assert.deepEqual([pause.next(), pause.next()], [100, 200]);
});
