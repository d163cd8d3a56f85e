import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { skipWithout } from '../servers/find-binary.js';
import { startPostgres } from '../servers/postgres.js';
import { startRedis } from '../servers/redis.js';
import { startVsftpd, vsftpdMissing } from '../servers/vsftpd.js';
import { temporaryFolder } from '../temporary-folder.js';
import { closedPort, sendJson, tinyServer } from '../client/tiny-server.js';
import { runFas } from './run-fas.js';

interface Finding {
  part: string;
  state: string;
  detail: string;
  mend: string | null;
}

async function doctor(
  home: string,
  environment: Record<string, string> = {},
): Promise<{ code: number | null; findings: Map<string, Finding> }> {
  const { code, stdout } = await runFas(['doctor', '--json'], { home, environment });
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return { code, findings: new Map(findings.map((finding) => [finding.part, finding])) };
}

test('on a bare machine nothing is wrong, and every part that is not there says how to get it', async (t) => {
  const { code, findings } = await doctor(await temporaryFolder(t));
  assert.equal(code, 0);
  assert.deepEqual(
    [...findings.keys()],
    ['settings', 'node', 'server', 'redis', 'postgresql', 'ftp', 'nats', 'python3', 'bubblewrap', 'runsc', 'limits'],
  );
  for (const { state, mend } of findings.values()) assert.equal(mend === null, state === 'ok');
  for (const part of ['server', 'redis', 'postgresql', 'ftp', 'nats']) assert.equal(findings.get(part)!.state, 'off');
});

test('parts that are asked for and not there are faults, without their passwords', async (t) => {
  const port = await closedPort();
  const { code, findings } = await doctor(await temporaryFolder(t), {
    LANEWAY_REDIS_URL: `redis://u:hidden@127.0.0.1:${port}`,
    LANEWAY_DATABASE_URL: `postgres://u:hidden@127.0.0.1:${port}/x`,
    LANEWAY_FTP_URL: `ftp://u:hidden@127.0.0.1:${port}/`,
    LANEWAY_NATS_URL: `nats://u:hidden@127.0.0.1:${port}`,
    LANEWAY_URL: `http://127.0.0.1:${port}`,
    LANEWAY_KEY: 'lw_hidden',
  });
  assert.equal(code, 1);
  for (const part of ['server', 'redis', 'postgresql', 'ftp', 'nats']) {
    assert.equal(findings.get(part)!.state, 'failed', part);
    assert.match(findings.get(part)!.detail, /ECONNREFUSED/);
    assert.ok(findings.get(part)!.mend);
  }
  assert.doesNotMatch(JSON.stringify([...findings]), /hidden/);
});

test('a NATS server is known by its greeting, anything else is not taken for one', async (t) => {
  const home = await temporaryFolder(t);
  const greet = async (text: string): Promise<Finding> => {
    const server = createServer((socket) => socket.on('error', () => {}).end(text));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { findings } = await doctor(home, { LANEWAY_NATS_URL: `nats://127.0.0.1:${(server.address() as AddressInfo).port}` });
    return findings.get('nats')!;
  };
  const found = await greet('INFO {"server_id":"x","version":"2.11.0"} \r\n');
  assert.deepEqual([found.state, found.detail.includes('NATS 2.11.0')], ['ok', true]);
  assert.equal((await greet('HTTP/1.1 400 Bad Request\r\n\r\n')).state, 'failed');
  assert.equal((await greet('INFO {broken}\r\n')).state, 'failed');
  assert.equal((await greet('')).state, 'failed');
});

test('a Redis is found, and one that may evict work is a fault', { skip: skipWithout('redis-server') }, async (t) => {
  const home = await temporaryFolder(t);
  const redis = await startRedis();
  t.after(() => redis.stop());
  const environment = { LANEWAY_REDIS_URL: redis.url };
  const found = (await doctor(home, environment)).findings.get('redis')!;
  assert.deepEqual([found.state, /^Redis \d+\./.test(found.detail)], ['ok', true], found.detail);
  const client = new Redis(redis.url);
  await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
  client.disconnect();
  const evicting = (await doctor(home, environment)).findings.get('redis')!;
  assert.deepEqual([evicting.state, /allkeys-lru/.test(evicting.detail)], ['failed', true]);
});

test('a PostgreSQL is found', { skip: skipWithout('postgres') }, async (t) => {
  const postgres = await startPostgres();
  t.after(() => postgres.stop());
  const { findings } = await doctor(await temporaryFolder(t), { LANEWAY_DATABASE_URL: postgres.url });
  assert.match(findings.get('postgresql')!.detail, /^PostgreSQL \d+/);
});

test('an FTP server is found, also behind TLS, whose certificate is checked', { skip: vsftpdMissing() ?? false }, async (t) => {
  const home = await temporaryFolder(t);
  for (const tls of [undefined, 'explicit', 'implicit'] as const) {
    const ftp = await startVsftpd(tls === undefined ? {} : { tls });
    t.after(() => ftp.stop());
    await writeFile(join(home, 'ca.pem'), ftp.ca);
    const trusted = tls === undefined ? {} : { LANEWAY_FTP_CA: join(home, 'ca.pem') };
    const found = (await doctor(home, { LANEWAY_FTP_URL: ftp.url, ...trusted })).findings.get('ftp')!;
    assert.deepEqual([found.state, found.detail.includes('not encrypted')], ['ok', tls === undefined], found.detail);
    if (tls === undefined) continue;
    const untrusted = (await doctor(home, { LANEWAY_FTP_URL: ftp.url })).findings.get('ftp')!;
    assert.equal(untrusted.state, 'failed');
  }
});

test('a ready server is found', async (t) => {
  const { url } = await tinyServer(t, { 'GET /ready': (_, response) => sendJson(response, 200, {}) });
  const { findings } = await doctor(await temporaryFolder(t), { LANEWAY_URL: url });
  assert.equal(findings.get('server')!.state, 'ok');
});

test('a wrong setting is told by name, and client settings are none', async (t) => {
  const home = await temporaryFolder(t);
  const wrong = await doctor(home, { LANEWAY_PORT: 'x' });
  assert.equal(wrong.code, 1);
  assert.match(wrong.findings.get('settings')!.detail, /LANEWAY_PORT must be/);
  const unknown = await doctor(home, { LANEWAY_PROT: '1' });
  assert.match(unknown.findings.get('settings')!.detail, /LANEWAY_PROT/);
  const client = await doctor(home, { LANEWAY_KEY: 'lw_x' });
  assert.equal(client.findings.get('settings')!.state, 'ok');
});

test('the plain form has one line a part and the mending line below', async (t) => {
  const { stdout } = await runFas(['doctor'], { home: await temporaryFolder(t) });
  assert.match(stdout, /^ok +node +Node v/m);
  assert.match(stdout, /^off +redis .*\n +-> set LANEWAY_REDIS_URL/m);
});

test('what holds the limits of workers is told', async (t) => {
  const { findings } = await doctor(await temporaryFolder(t));
  assert.match(findings.get('limits')!.detail, /^(cgroup v[12] \(memory, pids|rlimits and a watch .*: cgroup v2)/);
});
