import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { streamByHub } from '../app/stream-by-hub.js';
import { findLocalServer } from '../../src/client/local-server.js';
import { skipWithout } from '../servers/find-binary.js';
import { startPostgres, type PostgresServer } from '../servers/postgres.js';
import { startRedis, type RedisServer } from '../servers/redis.js';
import { until } from '../until.js';
import { adminKey, descendantsOf, isRunning, type Processes, startProcesses, untilReached } from './start-processes.js';

type Run = { id: string; state: string };
const echo = { 'index.mjs': 'export default (payload) => payload' };
const slow = (isolation: string) => ({
  'index.mjs': `
    import { existsSync } from 'node:fs';
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    export default async ({ ms = 0, until = '/' }) => {
      await pause(ms);
      while (!existsSync(until)) await pause(20);
      return process.pid;
    };`,
  'laneway.json': JSON.stringify({ isolation, timeout_ms: 600_000, concurrency: 8 }),
});

describe('several processes that share a port, Redis and PostgreSQL', { skip: skipWithout('redis-server', 'postgres') }, () => {
  let redis: RedisServer;
  let postgres: PostgresServer;
  let folder: string;
  let settings: Record<string, string>;

  before(async () => {
    [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
    folder = await mkdtemp(join(tmpdir(), 'laneway-processes-'));
    // Each test has its own; all are of one installation, as these two are.
    settings = { LANEWAY_REDIS_URL: redis.url, LANEWAY_DATABASE_URL: postgres.url, LANEWAY_LEASE: '3s', LANEWAY_DRAIN: '30s' };
  });
  after(async () => {
    await Promise.all([redis?.stop(), postgres?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (t: TestContext, more: Record<string, string> = {}): Promise<Processes> => {
    const started = await startProcesses(2, { home: folder, settings: { ...settings, ...more } });
    t.after(async () => {
      started.parent.kill('SIGTERM');
      await started.exited;
    });
    return started;
  };
  const queue = async (server: Processes, name: string, payload: unknown): Promise<string> => {
    const answer = await server.ask('POST', '/api/v1/runs', { function: name, payload, mode: 'queued' });
    assert.equal(answer.status, 202);
    return ((await answer.json()) as Run).id;
  };
  const stateOf = async (server: Processes, id: string): Promise<string> =>
    ((await (await server.ask('GET', `/api/v1/runs/${id}`)).json()) as Run).state;

  test('each takes calls in its turn, and what is pushed to one is run by both', async (t) => {
    const server = await start(t);
    await server.push('echo', echo);
    for (let n = 0; n < 8; n += 1) {
      await until(async () => (await (await server.ask('POST', '/function/echo', { n })).text()) === `{"n":${n}}`);
    }
    const metrics = await (await server.ask('GET', '/metrics')).text();
    const accepted = [...metrics.matchAll(/^laneway_runs_accepted_total\{process="(\d)",mode="sync"\} (\d+)$/gm)];
    assert.deepEqual(new Set(accepted.map((match) => match[1])), new Set(['1', '2']));
    assert.ok(
      accepted.every((match) => Number(match[2]) >= 3),
      metrics,
    );
    assert.equal([...metrics.matchAll(/^laneway_runs_drift/gm)].length, 1, 'what the records say is told once');
  });

  test('a command of the same user finds them, also while one is not there', async (t) => {
    const server = await start(t);
    process.kill(server.members().get(2)!, 'SIGKILL');
    const found = await findLocalServer({ HOME: folder });
    assert.deepEqual([found?.url, found?.key], [server.url, adminKey]);
  });

  test('a stream is followed through one while the other carries the run out, and cancelled', async (t) => {
    const server = await start(t);
    await server.push('slow', slow('thread'));
    const ids = await Promise.all(Array.from({ length: 6 }, () => queue(server, 'slow', { ms: 600_000 })));
    for (const id of ids) await until(async () => (await stateOf(server, id)) === 'running');
    const followed = ids.map(async (id) => await (await server.ask('GET', `/api/v1/runs/${id}/events`)).text());
    for (const id of ids) assert.equal((await server.ask('POST', `/api/v1/runs/${id}/cancel`)).status, 200);
    for (const text of await Promise.all(followed)) assert.match(text, /"state":"cancelled"/);
  });

  test('clean-drain: SIGTERM to the parent lets both finish what they carry out, and takes nothing new', async (t) => {
    const server = await start(t);
    await server.push('slow', slow('process'));
    const gate = join(folder, 'drain');
    const calls = Array.from({ length: 8 }, () => server.ask('POST', '/function/slow', { until: gate }));
    await until(async () => sum(await activeRuns(server)) === 8);
    assert.ok(
      (await activeRuns(server)).every((count) => count > 0),
      'both carry something out',
    );
    server.parent.kill('SIGTERM');
    await until(async () => (await server.ask('GET', '/ready').catch(() => null))?.status !== 200);
    await writeFile(gate, '');
    for (const call of calls) assert.equal((await call).status, 200);
    assert.deepEqual(await server.exited, [0, null]);
    assert.deepEqual(await findLocalServer({ HOME: folder }), null);
  });

  test('no-lost-run: kill -9 of one under load loses nothing, and it is started again', async (t) => {
    const server = await start(t, { LANEWAY_QUEUE_CONCURRENCY: '8' });
    await server.push('slow', slow('process'));
    const gate = join(folder, 'killed');
    const ids = await Promise.all(Array.from({ length: 40 }, () => queue(server, 'slow', { until: gate })));
    // Half of the places each; a quarter is kept back for other functions.
    await until(async () => (await activeRuns(server)).join() === '3,3');
    const [, killed] = [...server.members()].find(([number]) => number === 1)!;
    process.kill(killed, 'SIGKILL');
    await writeFile(gate, '');
    for (const id of ids) await until(async () => (await stateOf(server, id).catch(() => '')) === 'succeeded');
    await untilReached(server, 2);
    assert.notEqual(server.members().get(1), killed);
    const metrics = await (await server.ask('GET', '/metrics')).text();
    assert.match(metrics, /^laneway_runs_drift 0$/m);
    assert.match(metrics, /^laneway_runs_recorded\{state="running"\} 0$/m);
    assert.match(server.stderr(), /process 1 ended with SIGKILL; it is started again in 100 ms/);
  });

  test('a connection handed to one that dies before it takes it is closed, and keeps no client waiting', async (t) => {
    const server = await start(t);
    const stopped = server.members().get(2)!;
    // It takes nothing any more, and is given the next connection all the same.
    process.kill(stopped, 'SIGSTOP');
    const asked = Array.from({ length: 4 }, () =>
      server.ask('GET', '/health').then(
        () => 'answered',
        () => 'closed',
      ),
    );
    assert.equal(await Promise.race(asked), 'answered');
    process.kill(stopped, 'SIGKILL');
    assert.deepEqual((await Promise.all(asked)).toSorted(), ['answered', 'answered', 'answered', 'closed']);
  });

  test('kill -9 of the parent: calls under way are answered, then nothing of it is left', async (t) => {
    const server = await start(t);
    await server.push('slow', slow('process'));
    const gate = join(folder, 'orphans');
    const calls = Array.from({ length: 8 }, () => server.ask('POST', '/function/slow', { until: gate }));
    await until(async () => sum(await activeRuns(server)) === 8);
    const all = descendantsOf(server.parent.pid!);
    assert.ok(all.length >= 4, 'two servers and their workers');
    server.parent.kill('SIGKILL');
    await server.exited;
    await writeFile(gate, '');
    for (const call of calls) assert.equal((await call).status, 200);
    await until(() => !all.some(isRunning));
  });

  test('a second signal ends everything at once', async (t) => {
    const server = await start(t);
    await server.push('slow', slow('process'));
    const call = server.ask('POST', '/function/slow', { ms: 600_000 }).catch(() => null);
    await until(async () => (await activeRuns(server)).some((count) => count === 1));
    const all = descendantsOf(server.parent.pid!);
    server.parent.kill('SIGTERM');
    await until(async () => (await server.ask('GET', '/ready').catch(() => null))?.status !== 200);
    server.parent.kill('SIGTERM');
    assert.deepEqual(await server.exited, [130, null]);
    await until(() => !all.some(isRunning));
    await call;
  });

  test('a SignalR client connects wherever it negotiated', async (t) => {
    const server = await start(t);
    await server.push('talk', { 'index.mjs': 'export default () => console.log("spoken")' });
    for (let round = 0; round < 4; round += 1) {
      // One connection more or less decides who is next.
      if (round % 2 === 1) await server.ask('GET', '/health');
      const items = await streamByHub({ url: server.url, key: adminKey }, 'talk');
      assert.equal(items.join(''), 'spoken\n');
    }
  });
});

/** Runs under way, by process. */
async function activeRuns(server: Processes): Promise<number[]> {
  const text = await (await server.ask('GET', '/metrics')).text();
  return [...text.matchAll(/^laneway_runs_active\{process="\d"\} (\d+)$/gm)].map((match) => Number(match[1]));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
