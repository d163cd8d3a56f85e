import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import AdmZip from 'adm-zip';
import { announceLocally } from '../../src/client/local-server.js';
import { temporaryFolder } from '../temporary-folder.js';
import { sendJson, tinyServer } from '../client/tiny-server.js';
import { runFas } from './run-fas.js';

const id = '0198c0de-0000-7000-8000-000000000001';
const queued = { id, function: 'hello', lane: 'latest', version: '1.1', state: 'queued', reason: null, message: null };

function refusal(code: string): object {
  return { error: { code, message: `Refused: ${code}.`, details: {} } };
}

test('the server of the same user is found and asked with its key, from any folder', async (t) => {
  const home = await temporaryFolder(t);
  const { url, seen } = await tinyServer(t, {
    'GET /api/v1/functions': (_, response) =>
      sendJson(response, 200, { functions: [{ name: 'hello', lanes: ['dev', 'latest'] }] }),
  });
  const keyFile = join(home, 'admin-key');
  await writeFile(keyFile, 'lw_local\n');
  t.after(await announceLocally({ url, port: 1, dataFolder: home, keyFile }, { HOME: home }));
  const { code, stdout, stderr } = await runFas(['list'], { home, cwd: '/' });
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(stdout, 'FUNCTION  LANES\nhello     dev, latest\n');
  assert.equal(seen[0]!.headers['authorization'], 'Bearer lw_local');

  await runFas(['list'], { home, environment: { LANEWAY_KEY: 'lw_mine' } });
  assert.equal(seen[1]!.headers['authorization'], 'Bearer lw_mine');
  await runFas(['list', '--key', 'lw_flag'], { home, environment: { LANEWAY_KEY: 'lw_mine' } });
  assert.equal(seen[2]!.headers['authorization'], 'Bearer lw_flag');
});

test('the local key goes to no other server', async (t) => {
  const home = await temporaryFolder(t);
  const other = await tinyServer(t, { 'GET /api/v1/functions': (_, response) => sendJson(response, 200, { functions: [] }) });
  const keyFile = join(home, 'admin-key');
  await writeFile(keyFile, 'lw_local\n');
  t.after(await announceLocally({ url: 'http://127.0.0.1:1', port: 1, dataFolder: home, keyFile }, { HOME: home }));
  const { code, stderr } = await runFas(['list', '--url', other.url], { home });
  assert.equal(code, 0);
  assert.match(stderr, /no functions yet/);
  assert.equal(other.seen[0]!.headers['authorization'], undefined);
});

test('a refusal exits with 4 when it is about the key, else with 1, and says what to do', async (t) => {
  const home = await temporaryFolder(t);
  const cases: [number, string, number, RegExp][] = [
    [401, 'key_missing', 4, /LANEWAY_KEY/],
    [401, 'key_invalid', 4, /LANEWAY_KEY/],
    [403, 'scope_missing', 4, /scope/],
    [404, 'function_not_found', 1, /fas list/],
    [503, 'server_busy', 1, /try again in 3 s/],
  ];
  for (const [status, code, exit, says] of cases) {
    const { url } = await tinyServer(t, {
      'GET /api/v1/functions/hello': (_, response) =>
        sendJson(response, status, refusal(code), status === 503 ? { 'retry-after': '3' } : {}),
    });
    const result = await runFas(['list', 'hello', '--url', url], { home });
    assert.equal(result.code, exit, code);
    assert.match(result.stderr, new RegExp(`Refused: ${code}`));
    assert.match(result.stderr, says);
  }
});

test('a page that is no Laneway server is told as such', async (t) => {
  const { url } = await tinyServer(t, { 'GET /api/v1/functions': (_, response) => void response.end('<html>') });
  const { code, stderr } = await runFas(['list', '--url', url], { home: await temporaryFolder(t) });
  assert.equal(code, 3);
  assert.match(stderr, /is not a Laneway server/);
});

test('the lanes of a function are a table', async (t) => {
  const lanes = [
    { lane: 'dev', current: '2.10', pin: null, split: null, versions: 12 },
    {
      lane: 'production',
      current: null,
      pin: null,
      split: [
        { version: '1.1', weight: 90 },
        { version: '1.2', weight: 10 },
      ],
      versions: 2,
    },
    { lane: 'old', current: '1.1', pin: '1.1', split: null, versions: 3 },
  ];
  const { url } = await tinyServer(t, {
    'GET /api/v1/functions/hello': (_, response) => sendJson(response, 200, { name: 'hello', lanes }),
  });
  const home = await temporaryFolder(t);
  const { stdout } = await runFas(['list', 'hello', '--url', url], { home });
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
    [
      ['LANE', 'CURRENT', 'PIN', 'SPLIT', 'VERSIONS'],
      ['dev', '2.10', '-', '-', '12'],
      ['production', '-', '-', '1.1 90%, 1.2 10%', '2'],
      ['old', '1.1', '1.1', '-', '3'],
    ],
  );
  assert.deepEqual(JSON.parse((await runFas(['list', 'hello', '--url', url, '--json'], { home })).stdout), {
    name: 'hello',
    lanes,
  });
});

test('a folder is packed and pushed under its own name, a zip is sent as it is', async (t) => {
  const home = await temporaryFolder(t);
  const version = { function: 'hello', lane: 'latest', version: '1.1', sha256: 'ab', size_bytes: 5 };
  const { url, seen } = await tinyServer(t, {
    'POST /api/v1/functions/hello/lanes/latest/versions': (_, response) => sendJson(response, 201, version),
    'POST /api/v1/functions/other/lanes/dev/versions': (_, response) =>
      sendJson(response, 201, { ...version, function: 'other', lane: 'dev' }),
  });
  await mkdir(join(home, 'hello'));
  await writeFile(join(home, 'hello', 'index.mjs'), 'export default () => 1');
  const folder = await runFas(['push', 'hello', '--url', url], { home });
  assert.equal(folder.stdout, 'pushed hello 1.1 to lane latest (sha256 ab)\n');
  assert.match(folder.stderr, /fas run hello --wait/);
  assert.equal(seen[0]!.url, '/api/v1/functions/hello/lanes/latest/versions?new_major=false');
  assert.equal(seen[0]!.headers['content-type'], 'application/zip');
  const zip = Buffer.from(seen[0]!.body, 'latin1');
  assert.deepEqual(
    new AdmZip(zip).getEntries().map(({ entryName }) => entryName),
    ['index.mjs'],
  );

  await writeFile(join(home, 'some.zip'), zip);
  const args = ['push', 'some.zip', '--name', 'other', '--lane', 'dev', '--new-version', '--type', 'exe', '--url', url];
  const file = await runFas(args, { home });
  assert.match(file.stdout, /^pushed other 1\.1 to lane dev/);
  assert.equal(seen[1]!.url, '/api/v1/functions/other/lanes/dev/versions?new_major=true&type=exe');
  assert.equal(seen[1]!.body, zip.toString('latin1'));
});

test('a run is queued with its payload as written, from text, file or standard input', async (t) => {
  const home = await temporaryFolder(t);
  const { url, seen } = await tinyServer(t, { 'POST /api/v1/runs': (_, response) => sendJson(response, 202, queued) });
  const payload = '{"big":12345678901234567890,"n":1.0}';
  await writeFile(join(home, 'payload.json'), payload);
  for (const [given, stdin] of [[payload], ['@payload.json'], ['-', payload]] as const) {
    const { code, stdout, stderr } = await runFas(['run', 'hello', '--lane', 'dev', '--payload', given, '--url', url], {
      home,
      ...(stdin && { stdin }),
    });
    assert.deepEqual([code, stdout], [0, `${id}\n`]);
    assert.match(stderr, new RegExp(`fas logs ${id} --follow`));
    assert.equal(seen.at(-1)!.body, `{"function":"hello","lane":"dev","mode":"queued","payload":${payload}}`);
  }
  await runFas(['run', 'hello', '--version', '1.1', '--url', url], { home });
  assert.equal(seen.at(-1)!.body, '{"function":"hello","version":"1.1","mode":"queued"}');
});

test('--wait prints the result, --stream also log and chunks as they come', async (t) => {
  const home = await temporaryFolder(t);
  const { url } = await tinyServer(t, {
    'POST /api/v1/runs': (_, response) => sendJson(response, 202, queued),
    [`GET /api/v1/runs/${id}/events`]: (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('id: 1.1\nevent: log\ndata: {"stream":"stdout","text":"a line\\n"}\n\n');
      response.write('id: 1.2\nevent: progress\ndata: {"fraction":0.5,"message":"half"}\n\n');
      response.write('id: 1.3\nevent: chunk\ndata: {"data":{"n":1}}\n\n');
      response.end('id: 1.4\nevent: state\ndata: {"state":"succeeded","reason":null,"message":null}\n\n');
    },
    [`GET /api/v1/runs/${id}`]: (_, response) => sendJson(response, 200, { ...queued, state: 'succeeded' }),
    [`GET /api/v1/runs/${id}/result`]: (_, response) => void response.end('{"big":12345678901234567890}'),
    [`GET /api/v1/runs/${id}/log`]: (_, response) => void response.end('a line\n'),
  });
  const result = '{"big":12345678901234567890}\n';
  assert.deepEqual(await runFas(['run', 'hello', '--wait', '--url', url], { home }), { code: 0, stdout: result, stderr: '' });
  const streamed = await runFas(['run', 'hello', '--stream', '--url', url], { home });
  assert.deepEqual(streamed, { code: 0, stdout: `{"n":1}\n${result}`, stderr: 'a line\n50 % half\n' });
  const json = await runFas(['run', 'hello', '--wait', '--json', '--url', url], { home });
  assert.equal(json.stdout, `${JSON.stringify({ ...queued, state: 'succeeded' }).slice(0, -1)},"result":${result.trim()}}\n`);
  assert.equal((await runFas(['logs', id, '--url', url], { home })).stdout, 'a line\n');
  const followed = await runFas(['logs', id, '--follow', '--url', url], { home });
  assert.deepEqual(followed, { code: 0, stdout: 'a line\n', stderr: `run ${id} succeeded\n` });
});

test('a run that fails exits with 1 and tells why', async (t) => {
  const failed = { ...queued, state: 'failed', reason: 'function_error', message: 'boom' };
  const { url } = await tinyServer(t, {
    'POST /api/v1/runs': (_, response) => sendJson(response, 202, queued),
    [`GET /api/v1/runs/${id}/events`]: (_, response) => void response.end(),
    [`GET /api/v1/runs/${id}`]: (_, response) => sendJson(response, 200, failed),
  });
  const { code, stdout, stderr } = await runFas(['run', 'hello', '--wait', '--url', url], { home: await temporaryFolder(t) });
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /failed \(function_error\): boom/);
});

test('Ctrl-C cancels the run and waits for its end', async (t) => {
  let cancel = (): void => {};
  const cancelled = new Promise<void>((resolve) => (cancel = resolve));
  let interrupt = (): void => {};
  const { url } = await tinyServer(t, {
    'POST /api/v1/runs': (_, response) => sendJson(response, 202, queued),
    [`GET /api/v1/runs/${id}/events`]: async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': open\n\n');
      interrupt();
      await cancelled;
      response.end('id: 1.1\nevent: state\ndata: {"state":"cancelled","reason":null,"message":null}\n\n');
    },
    [`POST /api/v1/runs/${id}/cancel`]: (_, response) => {
      cancel();
      sendJson(response, 200, { ...queued, state: 'running' });
    },
    [`GET /api/v1/runs/${id}`]: (_, response) => sendJson(response, 200, { ...queued, state: 'cancelled' }),
  });
  const { code, stderr } = await runFas(['run', 'hello', '--wait', '--url', url], {
    home: await temporaryFolder(t),
    onStart: (child) => (interrupt = () => child.kill('SIGINT')),
  });
  assert.equal(code, 1);
  assert.match(stderr, /cancelling run[\s\S]*cancelled/);
});

test('a server that refuses an upload before reading it is understood', async (t) => {
  const home = await temporaryFolder(t);
  await writeFile(join(home, 'big.zip'), Buffer.alloc(20_000_000, 'x'));
  const pushTo = async (answer: (request: IncomingMessage, response: ServerResponse) => void) => {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    return runFas(['push', 'big.zip', '--url', `http://127.0.0.1:${(server.address() as AddressInfo).port}`], { home });
  };
  for (const headers of [{}, { connection: 'close' }]) {
    const refused = await pushTo((_, response) => sendJson(response, 401, refusal('key_missing'), headers));
    assert.equal(refused.code, 4, refused.stderr);
    assert.match(refused.stderr, /key_missing/);
  }
  const cut = await pushTo((request, response) => {
    if (request.method === 'POST') request.socket.destroy();
    else sendJson(response, 200, { functions: [] });
  });
  assert.equal(cut.code, 1);
  assert.match(cut.stderr, /closed the connection during the upload[\s\S]*LANEWAY_MAX_UPLOAD/);
});
