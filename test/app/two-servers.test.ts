import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { streamByHub } from './stream-by-hub.js';
import { skipWithout } from '../servers/find-binary.js';
import { startPostgres, type PostgresServer } from '../servers/postgres.js';
import { startRedis, type RedisServer } from '../servers/redis.js';
import { startVsftpd, vsftpdMissing, type VsftpdServer } from '../servers/vsftpd.js';
import { eventually, startApp, type TestApp, zipOf } from './start-app.js';

type Run = { id: string; state: string; message: string | null };
const skip = skipWithout('redis-server', 'postgres') || (vsftpdMissing() ?? false);

describe('two servers on one Redis, PostgreSQL and FTP, the first claiming nothing', { skip }, () => {
  let redis: RedisServer;
  let postgres: PostgresServer;
  let ftp: VsftpdServer;
  let folder: string;
  let a: TestApp;
  let b: TestApp;

  before(async () => {
    [redis, postgres, ftp] = await Promise.all([startRedis(), startPostgres(), startVsftpd()]);
    folder = await mkdtemp(join(tmpdir(), 'laneway-two-'));
    const shared = {
      LANEWAY_REDIS_URL: redis.url,
      LANEWAY_DATABASE_URL: postgres.url,
      LANEWAY_FTP_URL: ftp.url,
      LANEWAY_SECRET_KEY: 'ab'.repeat(32),
    };
    a = await startApp({ ...shared, LANEWAY_QUEUE_CONCURRENCY: '0' }, join(folder, 'a'));
    b = await startApp(shared, join(folder, 'b'));
    await a.push('echo', { 'index.mjs': 'export default (p, c) => ({ got: p, version: c.version })' });
    await a.push('talk', {
      'index.mjs': `export default async (p, c) => { for (let i = 1; i <= 4; i++) { console.log('line ' + i); await new Promise((r) => setTimeout(r, 60)); } }`,
    });
    await a.push('wait', {
      'index.mjs': 'export default () => new Promise((r) => setTimeout(r, 60000))',
      'laneway.json': '{"timeout_ms":60000}',
    });
  });
  after(async () => {
    await Promise.allSettled([a?.close(), b?.close()]);
    await Promise.all([redis?.stop(), postgres?.stop(), ftp?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  const queue = async (name: string, payload?: unknown) => {
    const answer = await a.ask('POST', '/api/v1/runs', { json: { function: name, payload, mode: 'queued' } });
    assert.equal(answer.status, 202);
    return ((await answer.json()) as Run).id;
  };
  const runOn = async (server: TestApp, id: string) => (await (await server.ask('GET', `/api/v1/runs/${id}`)).json()) as Run;

  test('a lane that moved on the first is loaded on the second when its calls are there, and its floor is kept on both', async () => {
    const say = (text: string) => ({ 'index.mjs': `export default () => '${text}'` });
    await a.push('moves', say('one'));
    await a.push('moves', say('two'));
    // Called only when the second knows both, so that it has a worker of the newest alone.
    await eventually(async () => {
      const answer = await b.ask('GET', '/api/v1/functions/moves/lanes/latest');
      return answer.status === 200 && ((await answer.json()) as { current: string }).current === '1.2';
    });
    assert.equal((await b.call('moves')).status, 200);
    const loads = async (server: TestApp) =>
      Number(/^laneway_warm_loads_total (\d+)$/m.exec(await (await server.ask('GET', '/metrics')).text())?.[1]);
    const before = await loads(b);
    await a.ask('PUT', '/api/v1/functions/moves/lanes/latest/pin', { json: { version: '1.1' } });
    await eventually(async () => (await loads(b)) > before);
    await a.push('keeps', { ...say('x'), 'laneway.json': '{"warm":{"min":2}}' });
    for (const server of [a, b]) {
      await eventually(async () =>
        (await (await server.ask('GET', '/metrics')).text()).includes('laneway_warm_workers{function="keeps",lane="latest"} 2'),
      );
    }
  });

  test('pushed on the first, run on the second, read on the first', async () => {
    const id = await queue('echo', { n: 1 });
    await eventually(async () => (await runOn(a, id)).state === 'succeeded');
    assert.deepEqual(await (await a.ask('GET', `/api/v1/runs/${id}/result`)).json(), { got: { n: 1 }, version: '1.1' });
    assert.ok(existsSync(join(folder, 'b/store/echo/latest/1.1/files/index.mjs')), 'the second server has fetched the version');
  });

  test('the zip lies on the FTP server as SharpFaas lays it out', () => {
    assert.ok(existsSync(join(ftp.root, 'echo/latest/1.1.zip')));
  });

  test('a push on the first is called on the second at once', async () => {
    await a.push('echo', { 'index.mjs': 'export default () => "second"' });
    await eventually(async () => (await (await b.call('echo', 1)).text()) === '"second"');
  });

  test('cancelled from the first while the second runs it', async () => {
    const id = await queue('wait');
    await eventually(async () => (await runOn(a, id)).state === 'running');
    const answer = await a.ask('POST', `/api/v1/runs/${id}/cancel`);
    assert.equal(((await answer.json()) as Run).state, 'cancelled');
    assert.equal((await runOn(b, id)).state, 'cancelled');
  });

  test('streamed from the first while the second runs it', async () => {
    const id = await queue('talk');
    const answer = await a.ask('GET', `/api/v1/runs/${id}/events`);
    let text = '';
    let sawLineWhileRunning = false;
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes('line 1') && !text.includes('line 4')) sawLineWhileRunning = true;
    }
    assert.ok(sawLineWhileRunning, 'the first line came before the last was printed');
    assert.deepEqual(
      [...text.matchAll(/line (\d)/g)].map((match) => match[1]),
      ['1', '2', '3', '4'],
    );
    assert.match(text, /"state":"succeeded"/);
  });

  test('streamed by a SignalR client of the first while the second runs it', async () => {
    const items = await streamByHub(a, 'talk');
    assert.equal(items.join(''), 'line 1\nline 2\nline 3\nline 4\n');
  });

  test('a sync call of the second is cancelled from the first', async () => {
    const id = '7d1b2c3d-0000-4000-8000-00000000beef';
    const call = b.call('wait', {}, { 'x-run-id': id });
    await eventually(async () => (await b.ask('GET', `/api/v1/runs/${id}`)).status === 200);
    assert.equal((await a.ask('POST', `/api/v1/runs/${id}/cancel`)).status, 200);
    assert.equal((await call).status, 499);
  });

  test('a key made on the first is known to the second, and unknown after it was revoked', async () => {
    const made = (await (await a.ask('POST', '/api/v1/keys', { json: { name: 'ci', scopes: ['read'] } })).json()) as {
      key: string;
      id: string;
    };
    const tryIt = async () =>
      (await b.ask('GET', '/api/v1/functions', { headers: { authorization: `Bearer ${made.key}` } })).status;
    await eventually(async () => (await tryIt()) === 200);
    assert.equal((await a.ask('DELETE', `/api/v1/keys/${made.id}`)).status, 204);
    await eventually(async () => (await tryIt()) === 401);
  });

  test('with FTP away what is known runs, a push is 503 and leaves nothing, and works again after', async () => {
    await ftp.kill();
    assert.equal((await b.call('echo', 1)).status, 200);
    const push = () =>
      b.ask('POST', '/api/v1/functions/late/lanes/latest/versions', {
        body: zipOf({ 'index.mjs': 'export default () => 1' }),
        headers: { 'content-type': 'application/zip' },
      });
    const refused = await push();
    assert.equal(refused.status, 503);
    assert.ok(refused.headers.get('retry-after'));
    assert.equal((await b.ask('GET', '/api/v1/functions/late')).status === 200, false);
    await ftp.restart();
    await eventually(async () => (await push()).status === 201);
    assert.equal(await (await b.call('late')).text(), '1');
  });

  test('with Redis emptied an accepted run is carried out all the same', async () => {
    await redis.flush();
    const id = await queue('echo', 2);
    await redis.flush();
    await eventually(async () => (await runOn(a, id)).state === 'succeeded');
  });
});
