import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { skipWithout } from '../servers/find-binary.js';
import { startPostgres, type PostgresServer } from '../servers/postgres.js';
import { startRedis, type RedisServer } from '../servers/redis.js';
import { eventually, startApp, type TestApp } from './start-app.js';

type Run = { id: string; state: string; message: string | null; server_deaths: number };
const skip = skipWithout('redis-server', 'postgres');

describe('two servers whose parts go away, the first claiming nothing', { skip }, () => {
  let redis: RedisServer;
  let postgres: PostgresServer;
  let folder: string;
  let a: TestApp;
  let b: TestApp;

  before(async () => {
    [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
    folder = await mkdtemp(join(tmpdir(), 'laneway-faults-'));
    // no-lost-run: servers start without Redis, and find it when it comes.
    await redis.kill();
    const shared = {
      LANEWAY_REDIS_URL: redis.url,
      LANEWAY_DATABASE_URL: postgres.url,
      LANEWAY_STORE: join(folder, 'store'),
      LANEWAY_SECRET_KEY: 'ab'.repeat(32),
      LANEWAY_LEASE: '3s',
    };
    a = await startApp({ ...shared, LANEWAY_QUEUE_CONCURRENCY: '0' }, join(folder, 'a'));
    b = await startApp(shared, join(folder, 'b'));
    await b.push('echo', { 'index.mjs': 'export default (payload) => payload', 'laneway.json': '{"isolation":"thread"}' });
    await b.push('slow', {
      'index.mjs': 'export default (ms) => new Promise((done) => setTimeout(done, ms, ms))',
      'laneway.json': '{"isolation":"thread","timeout_ms":60000}',
    });
  });
  after(async () => {
    await Promise.allSettled([a?.close(), b?.close()]);
    await Promise.all([redis?.stop(), postgres?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  const ask = (server: TestApp, name: string, payload: unknown) =>
    server.ask('POST', '/api/v1/runs', { json: { function: name, payload, mode: 'queued' } });
  const queue = async (server: TestApp, name: string, payload: unknown) => {
    const answer = await ask(server, name, payload);
    assert.equal(answer.status, 202, await answer.clone().text());
    return ((await answer.json()) as Run).id;
  };
  const untilSucceeded = (id: string) =>
    eventually(async () => {
      const answer = await b.ask('GET', `/api/v1/runs/${id}`);
      if (answer.status !== 200) return false;
      const run = (await answer.json()) as Run;
      if (run.state !== 'queued' && run.state !== 'running') assert.equal(run.state, 'succeeded', run.message ?? '');
      return run.state === 'succeeded' && run;
    });
  const isReady = async (server: TestApp) => (await server.ask('GET', '/ready')).status === 200;

  test('servers that start while Redis is away carry runs out, say that they are not ready, and are when it comes', async () => {
    await untilSucceeded(await queue(b, 'echo', 1));
    // Nobody can tell the second one: it finds the run in the records.
    await untilSucceeded(await queue(a, 'echo', 2));
    assert.equal(await isReady(b), false);
    await redis.restart();
    await eventually(async () => (await isReady(a)) && (await isReady(b)));
    await untilSucceeded(await queue(a, 'echo', 3));
  });

  test('Redis is killed and comes back: what is accepted meanwhile is carried out meanwhile', async () => {
    const before = await Promise.all([1, 2, 3].map(() => queue(a, 'slow', 300)));
    await redis.kill();
    const during = await Promise.all([1, 2, 3].map((n) => queue(a, 'echo', n)));
    for (const id of [...before, ...during]) await untilSucceeded(id);
    await redis.restart();
    await eventually(async () => (await isReady(a)) && (await isReady(b)));
  });

  test('a Redis that was emptied loses nothing', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, () => queue(a, 'slow', 20)));
    await redis.flush();
    for (const id of ids) await untilSucceeded(id);
  });

  test('PostgreSQL is killed and comes back: 503 meanwhile, what was accepted ends, and nobody is taken for dead', async () => {
    const running = await queue(b, 'slow', 1500);
    await eventually(async () => ((await (await b.ask('GET', `/api/v1/runs/${running}`)).json()) as Run).state === 'running');
    const waiting = await Promise.all(Array.from({ length: 20 }, () => queue(a, 'slow', 10)));
    await postgres.kill();
    const refused = await ask(a, 'echo', 1);
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers.get('retry-after')) >= 1);
    assert.equal((await b.call('echo', 'sync')).status, 200);
    // Longer than a lease: a server that could not renew is alive all the same.
    await new Promise((resolve) => setTimeout(resolve, 3500));
    await postgres.restart();
    for (const id of waiting) await untilSucceeded(id);
    assert.equal((await untilSucceeded(running)).server_deaths, 0);
    await eventually(async () => (await ask(a, 'echo', 2)).status === 202);
  });

  test('PostgreSQL hangs: 503 instead of waiting for ever, and all goes on when it answers again', async () => {
    const id = await queue(a, 'slow', 100);
    postgres.freeze();
    try {
      assert.equal((await ask(a, 'echo', 1)).status, 503);
    } finally {
      postgres.thaw();
    }
    await untilSucceeded(id);
    await eventually(async () => (await ask(a, 'echo', 2)).status === 202);
  });
});
