import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { pino } from 'pino';
import { LocalBus } from '../../src/bus/local-bus.js';
import type { DeployedVersion, Executor } from '../../src/contract/executor.js';
import type { FunctionStore } from '../../src/contract/store.js';
import { LanewayError } from '../../src/errors.js';
import { EmbeddedQueue } from '../../src/queue/embedded-queue.js';
import { BodyBudget } from '../../src/runs/body-budget.js';
import { openRuns, type RunsPolicy } from '../../src/runs/open-runs.js';
import { acceptRun, timings } from '../records/sample-runs.js';
import { sqliteWay } from '../records/ways.js';
import { until } from '../until.js';

const policy: RunsPolicy = {
  isolation: { strongest: 'process', byDefault: 'auto', floor: null },
  defaultTimeoutMs: 1000,
  maxSyncTimeoutMs: 1000,
  maxQueuedTimeoutMs: 1000,
  places: 4,
  placesKeptBack: 0,
  takeOverMs: 15_000,
  maxQueued: 1000,
  maxQueuedRuns: 1000,
  expiresAfterMs: null,
  keepIdempotencyMs: 1000,
  writeBehindRows: 100,
  maxFollowers: 10,
  followerBufferBytes: 1000,
  retention: { runsMs: 1_000_000, deadLettersMs: 1_000_000, logsMs: 1_000_000, runsAtMost: null },
};

/** Runs that succeed at once; the records are real. */
async function open(t: TestContext) {
  const { records } = await sqliteWay.open(t);
  const entry = { runtime: 'node', file: 'index.mjs' } as const;
  const version: Partial<DeployedVersion> = { function: 'hello', lane: 'latest', version: '1.1', manifest: {}, entry };
  const store = { deployed: () => version } as unknown as FunctionStore;
  const executor = {
    execute: () => Promise.resolve({ ok: true, result: '1', timings }),
    cancel: () => {},
    close: () => Promise.resolve(),
  } as unknown as Executor;
  const execute = t.mock.method(executor, 'execute');
  const log = pino({ level: 'silent' });
  const queue = new EmbeddedQueue();
  const bodies = new BodyBudget(2 ** 24);
  const alone = { shared: false, keyLimits: () => [], onLeasesRenewed: () => {}, onToTell: () => {} };
  const parts = { records, store, queue, executor, bus: new LocalBus(log), log, bodies, ...alone };
  const start = async () => {
    const runs = await openRuns(parts, policy);
    await runs.start();
    return runs;
  };
  return { records, store, execute, start };
}

test('clean-drain: records that stay away do not keep a server from closing, and the run is not lost', async (t) => {
  const { records, start } = await open(t);
  const end = t.mock.method(records.runs, 'end', () =>
    Promise.reject(new LanewayError('records_unavailable', { problem: 'away' })),
  );
  const { id } = await acceptRun(records);
  const runs = await start();
  await until(() => end.mock.callCount() > 1);
  await runs.close(0);
  assert.equal((await records.runs.get(id))!.state, 'running');
  end.mock.restore();
  const lost = await records.runs.lost(10, 'the next boot');
  assert.equal((await records.runs.recoverLost(lost)).recovered, 1);
});

test('an end that the records do not take gives its place free and leaves the run to its lease', async (t) => {
  const { records, start } = await open(t);
  const end = t.mock.method(records.runs, 'end', () => Promise.reject(new TypeError('not to be kept')));
  const { id } = await acceptRun(records);
  const runs = await start();
  await until(() => end.mock.callCount() > 0 && runs.active.size === 0);
  assert.equal((await records.runs.get(id))!.state, 'running');
  await runs.close(0);
  assert.equal(end.mock.callCount(), 1);
});

test('an end waits for records that come back', async (t) => {
  const { records, start } = await open(t);
  const end = records.runs.end.bind(records.runs);
  let tries = 0;
  t.mock.method(records.runs, 'end', (...given: Parameters<typeof end>) => {
    if (tries++ < 2) return Promise.reject(new LanewayError('records_unavailable', { problem: 'away' }));
    return end(...given);
  });
  const { id } = await acceptRun(records);
  const runs = await start();
  await until(async () => (await records.runs.get(id))!.state === 'succeeded');
  await runs.close(0);
});

test('no-second-live-attempt: a run that was lost while its version was fetched is not begun', async (t) => {
  const { records, store, execute, start } = await open(t);
  const version = store.deployed({ function: 'hello', lane: 'latest', version: '1.1' });
  let fetched = () => {};
  t.mock.method(store, 'deployed', () => new Promise((resolve) => (fetched = () => resolve(version))));
  const renew = t.mock.method(records.runs, 'renew');
  const { id } = await acceptRun(records);
  const runs = await start();
  await until(async () => (await records.runs.get(id))!.state === 'running');
  // As it is when this server was stopped for longer than the lease: another one has taken it back.
  const lost = await records.runs.lost(10, 'another server');
  assert.equal((await records.runs.recoverLost(lost)).recovered, 1);
  t.mock.method(records.runs, 'claimNext', () => Promise.resolve({ runs: [], limited: false }));
  await until(() => renew.mock.callCount() > 0);
  await renew.mock.calls[0]!.result;
  fetched();
  await until(async () => runs.active.size === 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(execute.mock.callCount(), 0);
  await runs.close(0);
});

test('clean-drain: a version that is slow to come does not keep a server from closing, and its run is handed back', async (t) => {
  const { records, store, start } = await open(t);
  const deployed = t.mock.method(store, 'deployed', () => new Promise(() => {}));
  const { id } = await acceptRun(records);
  const runs = await start();
  await until(() => deployed.mock.callCount() > 0);
  let isClosed = false;
  void runs.close(0).then(() => (isClosed = true));
  await until(() => isClosed);
  const { state, deaths } = (await records.runs.get(id))!;
  assert.deepEqual({ state, deaths }, { state: 'queued', deaths: 0 });
});
