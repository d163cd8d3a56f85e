import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startReceiver } from '../runs/deliveries/receiver.js';
import { skipWithout } from '../servers/find-binary.js';
import { startPostgres, type PostgresServer } from '../servers/postgres.js';
import { startRedis, type RedisServer } from '../servers/redis.js';
import { startVsftpd, vsftpdMissing, type VsftpdServer } from '../servers/vsftpd.js';
import { eventually, startApp, type TestApp } from './start-app.js';

const skip = skipWithout('redis-server', 'postgres') || (vsftpdMissing() ?? false);
const manifest = (more: object = {}) => JSON.stringify({ isolation: 'thread', ...more });

describe('events and destinations of two servers', { skip }, () => {
  let redis: RedisServer;
  let postgres: PostgresServer;
  let ftp: VsftpdServer;
  let folder: string;
  let a: TestApp;
  let b: TestApp;

  before(async () => {
    [redis, postgres, ftp] = await Promise.all([startRedis(), startPostgres(), startVsftpd()]);
    folder = await mkdtemp(join(tmpdir(), 'laneway-told-'));
    const shared = {
      LANEWAY_REDIS_URL: redis.url,
      LANEWAY_DATABASE_URL: postgres.url,
      LANEWAY_FTP_URL: ftp.url,
      LANEWAY_SECRET_KEY: 'ab'.repeat(32),
      LANEWAY_WEBHOOK_PRIVATE: 'yes',
    };
    a = await startApp(shared, join(folder, 'a'));
    b = await startApp(shared, join(folder, 'b'));
    await a.push('works', { 'index.mjs': 'export default (p) => p', 'laneway.json': manifest() });
    await a.push('next', { 'index.mjs': 'export default (p) => p.run_id', 'laneway.json': manifest() });
  });
  after(async () => {
    await Promise.allSettled([a?.close(), b?.close()]);
    await Promise.all([redis?.stop(), postgres?.stop(), ftp?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  const startOn = async (server: TestApp, more: object) => {
    const answer = await server.ask('POST', '/api/v1/runs', { json: { function: 'works', mode: 'queued', ...more } });
    assert.equal(answer.status, 202, await answer.clone().text());
    return ((await answer.json()) as { id: string }).id;
  };
  const isTold = async (id: string) => (await a.app.runs.find.get(id)).delivery?.state === 'delivered';

  test('each end is told once, whichever server carried the run out', async (t) => {
    const receiver = await startReceiver(t);
    const ids: string[] = [];
    for (let count = 0; count < 60; count += 1) {
      const to = count % 2 === 0 ? { function: 'next' } : { webhook: receiver.url };
      ids.push(await startOn(count % 3 === 0 ? a : b, { on_success: to }));
    }
    for (const id of ids) await eventually(() => isTold(id));
    const { runs } = (await (await a.ask('GET', '/api/v1/runs?function=next&limit=500')).json()) as { runs: { id: string }[] };
    assert.equal(runs.length, 30);
    const hooks = receiver.received.map(({ headers }) => String(headers['webhook-id'])).sort();
    assert.deepEqual(hooks, ids.filter((_, index) => index % 2 === 1).sort());
  });

  test('what subscribes on one server gets the events of the other', async () => {
    await a.push('listens', { 'index.mjs': 'export default (p) => p', 'laneway.json': manifest({ events: ['hello'] }) });
    const runs = await eventually(async () => {
      const answer = await b.ask('POST', '/api/v1/events/hello', { json: { n: 1 } });
      const body = (await answer.json()) as { runs: { run_id: string }[] };
      return body.runs.length === 0 ? null : body.runs;
    });
    await eventually(async () => (await a.app.runs.find.get(runs[0]!.run_id)).state === 'succeeded');
  });
});
