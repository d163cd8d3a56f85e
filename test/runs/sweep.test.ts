import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { LocalBus } from '../../src/bus/local-bus.js';
import { EmbeddedQueue } from '../../src/queue/embedded-queue.js';
import { Sweep } from '../../src/runs/sweep.js';
import { acceptRun } from '../records/sample-runs.js';
import { sqliteWay } from '../records/ways.js';
import { until } from '../until.js';

const log = pino({ level: 'silent' });

test('a backlog larger than the queue does not keep a server from starting, and is carried out as the queue empties', async (t) => {
  const { records } = await sqliteWay.open(t);
  const ids = await Promise.all(Array.from({ length: 1500 }, async () => (await acceptRun(records)).id));
  const queue = new EmbeddedQueue({ maxWaiting: 700 });
  const sweep = new Sweep({ runs: records.runs, queue, bus: new LocalBus(log), leaseMs: 60, log });
  await sweep.rebuild('this boot');
  assert.equal(await queue.depth(), 700);
  const claimed = new Set<string>();
  queue.start(20, async (announcement) => {
    if ((await records.runs.claim(announcement, 'this boot', 60_000)) !== null) claimed.add(announcement.runId);
  });
  await until(() => claimed.size === ids.length);
  await sweep.close();
  await queue.close();
});

test('what an emptied queue has lost is announced in one sweep, however much it is', async (t) => {
  const { records } = await sqliteWay.open(t);
  await Promise.all(Array.from({ length: 1700 }, () => acceptRun(records)));
  const queue = new EmbeddedQueue();
  const sweep = new Sweep({ runs: records.runs, queue, bus: new LocalBus(log), leaseMs: 600, log });
  let sweeps = 0;
  t.mock.method(records.runs, 'recoverLost', () => {
    sweeps += 1;
    return Promise.resolve({ announce: [], ended: [] });
  });
  await until(async () => (await queue.depth()) > 0);
  const first = sweeps;
  await until(async () => (await queue.depth()) === 1700);
  assert.equal(sweeps, first);
  await sweep.close();
  await queue.close();
});
