import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startApp, type TestApp } from '../app/start-app.js';

describe('a function called by its name', () => {
  let server: TestApp;
  before(async () => {
    server = await startApp();
    await server.push('hello', {
      'index.mjs':
        'export default (p, c) => { console.log("hi", p.name); return { greeting: "Hello, " + p.name, version: c.version }; }',
    });
    await server.push('fail', { 'index.mjs': 'export default () => { throw new TypeError("no luck"); }' });
    await server.push('slow', {
      'index.mjs': 'export default () => new Promise((r) => setTimeout(r, 60000))',
      'laneway.json': '{"timeout_ms":100}',
    });
    await server.push('blind', {
      'index.mjs': `Headers.prototype.get = () => null;
        export default { fetch: ({ url }) => new Response('HELLO', { headers: { 'content-length': new URL(url).searchParams.get('length') } }) }`,
    });
    await server.push('web', {
      'index.mjs': `export default { async fetch(request) {
        const url = new URL(request.url);
        if (url.searchParams.has('length')) return new Response('HELLO', { headers: { 'content-length': url.searchParams.get('length') } });
        if (url.pathname.endsWith('/own')) return new Response('', { headers: { 'x-request-id': 'mine', 'x-run-id': 'mine' } });
        if (url.pathname.endsWith('/split')) return { status: 200, body: null, headers: new (class extends Map { forEach() {} })([['x-a', 'b\\r\\nx-c: d']]) };
        return new Response(request.method + ' ' + url.pathname + url.search + ' ' + (await request.text()), { status: 207, headers: { 'x-own': request.headers.get('x-mine') ?? '' } });
      } }`,
    });
  });
  after(() => server.close());

  test('answers its result, with the run and the version in headers', async () => {
    const answer = await server.call('hello', { name: 'Ada' });
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('x-run-id')!, /^[0-9a-f-]{36}$/);
    assert.equal(answer.headers.get('x-laneway-version'), '1.1');
    assert.deepEqual(await answer.json(), { greeting: 'Hello, Ada', version: '1.1' });
  });

  test('is recorded with its log and result', async () => {
    const id = (await server.call('hello', { name: 'Bob' })).headers.get('x-run-id')!;
    const run = (await (await server.ask('GET', `/api/v1/runs/${id}`)).json()) as Record<string, unknown>;
    assert.equal(run['state'], 'succeeded');
    assert.equal(run['mode'], 'sync');
    assert.deepEqual(await (await server.ask('GET', `/api/v1/runs/${id}/result`)).json(), {
      greeting: 'Hello, Bob',
      version: '1.1',
    });
    for (;;) {
      const log = await (await server.ask('GET', `/api/v1/runs/${id}/log`)).text();
      if (log === 'hi Bob\n') break;
      assert.equal(log, '');
    }
  });

  test('answers 500 with the reason when it throws', async () => {
    const answer = await server.call('fail', {});
    assert.equal(answer.status, 500);
    const { error } = (await answer.json()) as { error: { code: string; message: string; details: { reason: string } } };
    assert.equal(error.code, 'run_function_error');
    assert.equal(error.details.reason, 'function_error');
    assert.match(error.message, /no luck/);
  });

  test('answers 504 when it takes too long', async () => {
    const answer = await server.call('slow', {});
    assert.equal(answer.status, 504);
    assert.equal(((await answer.json()) as { error: { code: string } }).error.code, 'run_timeout');
  });

  test('with fetch gets method, path, query and body', async () => {
    const answer = await server.ask('PUT', '/function/web/a/b?c=1', { body: 'text', headers: { 'x-mine': 'yes' } });
    assert.equal(answer.status, 207);
    assert.equal(answer.headers.get('x-own'), 'yes');
    assert.equal(await answer.text(), 'PUT /function/web/a/b?c=1 text');
  });

  for (const length of [2, 500]) {
    const isReadOn = async (name: string) =>
      (
        await converse(server, [
          `GET /function/${name}?length=${length} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.key}\r\n\r\n`,
          'GET /health HTTP/1.1\r\nhost: x\r\n\r\n',
        ])
      ).includes('"status":"ok"');

    test(`with fetch can not say ${length} bytes and send 5, which would be read as part of the next answer`, async () => {
      assert.equal(await isReadOn('web'), false);
      const { runs } = (await (await server.ask('GET', '/api/v1/runs?function=web&limit=1')).json()) as {
        runs: { reason: string; message: string }[];
      };
      assert.equal(runs[0]!.reason, 'function_error');
      assert.match(runs[0]!.message, /content-length/);
    });

    test(`nor when its side of the wall does not look (${length} bytes)`, async () => {
      assert.equal(await isReadOn('blind'), false);
    });
  }

  test('with fetch may say how long its body is, also to HEAD', async () => {
    assert.equal(await (await server.ask('GET', '/function/web?length=5')).text(), 'HELLO');
    const head = await server.ask('HEAD', '/function/web?length=5');
    assert.equal(head.headers.get('content-length'), '5');
  });

  test('with fetch can not speak for the server', async () => {
    const answer = await server.ask('GET', '/function/web/own');
    assert.match(answer.headers.get('x-request-id')!, /^[0-9a-f]{12}-/);
    assert.match(answer.headers.get('x-run-id')!, /^[0-9a-f-]{36}$/);
  });

  test('with fetch is told of a header that can not be sent', async () => {
    const answer = await server.ask('GET', '/function/web/split');
    assert.equal(answer.status, 500);
    assert.equal(answer.headers.get('x-c'), null);
    assert.equal(((await answer.json()) as { error: { code: string } }).error.code, 'run_function_error');
  });

  test('with fetch is not called for a host that is none, and gets the whole URL that a proxy is sent', async () => {
    const key = `authorization: Bearer ${server.key}\r\nconnection: close\r\n\r\n`;
    assert.match(
      await converse(server, [`GET /function/web HTTP/1.1\r\nhost: a b\r\n${key}`]),
      /^HTTP\/1\.1 400 [^]*"bad_request"/,
    );
    assert.match(
      await converse(server, [`GET http://y/function/web/z HTTP/1.1\r\nhost: y\r\n${key}`]),
      /GET \/function\/web\/z /,
    );
  });

  for (const [what, request, status, code] of [
    ['a GET', { method: 'GET', path: '/function/hello' }, 405, 'method_not_allowed'],
    ['a path below it', { method: 'POST', path: '/function/hello/more', json: {} }, 404, 'route_not_found'],
    [
      'text',
      { method: 'POST', path: '/function/hello', body: 'x', headers: { 'content-type': 'text/plain' } },
      415,
      'media_type_not_supported',
    ],
    [
      'broken JSON',
      { method: 'POST', path: '/function/hello', body: '{"a":', headers: { 'content-type': 'application/json' } },
      400,
      'payload_invalid',
    ],
    [
      'bytes that are no UTF-8',
      {
        method: 'POST',
        path: '/function/hello',
        body: new Uint8Array([0x22, 0xff, 0x22]),
        headers: { 'content-type': 'application/json' },
      },
      400,
      'payload_invalid',
    ],
    ['an unknown name', { method: 'POST', path: '/function/nobody', json: {} }, 404, 'function_not_found'],
    ['a name that is none', { method: 'POST', path: '/function/a..b', json: {} }, 400, 'function_name_invalid'],
    ['an escaped path', { method: 'POST', path: '/function/%2e%2e%2fetc', json: {} }, 400, 'function_name_invalid'],
    ['a path that is no URL', { method: 'POST', path: '/function/%zz', json: {} }, 400, 'bad_request'],
    ['a path too long', { method: 'POST', path: `/function/${'a'.repeat(5000)}`, json: {} }, 400, 'bad_request'],
    [
      'an unknown lane',
      { method: 'POST', path: '/function/hello', json: {}, headers: { 'x-laneway-lane': 'dev' } },
      404,
      'lane_not_found',
    ],
    [
      'an unknown version',
      { method: 'POST', path: '/function/hello', json: {}, headers: { 'x-laneway-version': '9.9' } },
      404,
      'version_not_found',
    ],
    ['a version that is none', { method: 'POST', path: '/function/hello?version=one', json: {} }, 400, 'version_invalid'],
    [
      'a wrong key',
      { method: 'POST', path: '/function/hello', json: {}, headers: { authorization: 'Bearer lw_wrongwrong_x' } },
      401,
      'key_invalid',
    ],
    ['no key', { method: 'POST', path: '/function/hello', json: {}, headers: { authorization: '' } }, 401, 'key_missing'],
  ] as const) {
    test(`refuses ${what} with ${status} ${code}`, async () => {
      const { method, path, ...more } = request;
      const answer = await server.ask(method, path, more);
      assert.equal(answer.status, status);
      assert.notEqual(answer.headers.get('x-request-id'), null);
      assert.equal(((await answer.json()) as { error: { code: string } }).error.code, code);
    });
  }

  test('refuses a body over the limit with 413 and answers the next call', async () => {
    const answer = await server.ask('POST', '/function/hello', {
      body: `"${'x'.repeat(33 * 2 ** 20)}"`,
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(answer.status, 413);
    assert.equal((await server.call('hello', { name: 'after' })).status, 200);
  });
});

test('headers over the limit and what is no HTTP are answered in the shape of every refusal', async (t) => {
  const server = await startApp();
  t.after(() => server.close());
  const talk = (text: string) => converse(server, [text]);
  const large = await talk(`GET /health HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(20_000)}\r\n\r\n`);
  assert.match(large, /^HTTP\/1\.1 431 [\s\S]*"code":"headers_too_large"/);
  assert.match(await talk('HELLO\r\n\r\n'), /^HTTP\/1\.1 400 [\s\S]*"code":"bad_request"/);
});

/** Sends requests over one connection, each after the one before was answered; resolves with all that came when the server closed it. */
function converse(server: TestApp, requests: string[]): Promise<string> {
  return new Promise((resolve) => {
    let answers = '';
    const waiting = [...requests];
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(waiting.shift()!));
    socket.on('data', (data) => {
      answers += String(data);
      const next = waiting.shift();
      if (next !== undefined) socket.write(next);
      else if (answers.includes('"status":"ok"')) socket.end();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answers));
  });
}
