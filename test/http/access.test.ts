import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { eventually, startApp, type TestApp } from '../app/start-app.js';

const thread = '{"isolation":"thread"}';

describe('access', () => {
  let server: TestApp;
  const makeKey = async (wish: object) => {
    const answer = await server.ask('POST', '/api/v1/keys', { json: { name: 'test', ...wish } });
    assert.equal(answer.status, 201);
    return (await answer.json()) as { key: string; id: string };
  };
  const as = (key: string) => ({ authorization: `Bearer ${key}` });
  const status = async (method: string, path: string, key: string, json?: unknown) =>
    (await server.ask(method, path, { headers: as(key), ...(json === undefined ? {} : { json }) })).status;

  before(async () => {
    server = await startApp();
    for (const name of ['mine', 'other']) {
      await server.push(name, { 'index.mjs': 'export default (p, c) => Object.keys(c.env)', 'laneway.json': thread });
    }
  });
  after(() => server.close());

  test('each scope opens its own routes and no other', async () => {
    const routes: [string, string, string, unknown?][] = [
      ['run', 'POST', '/function/mine', {}],
      ['read', 'GET', '/api/v1/functions'],
      ['read', 'GET', '/metrics'],
      ['read', 'GET', '/docs/json'],
      ['push', 'DELETE', '/api/v1/functions/mine/lanes/latest/pin'],
      ['admin', 'GET', '/api/v1/keys'],
      ['admin', 'GET', '/api/v1/audit'],
    ];
    for (const scope of ['run', 'read', 'push', 'serve']) {
      const { key } = await makeKey({ scopes: [scope] });
      for (const [needed, method, path, body] of routes) {
        const got = await status(method, path, key, body);
        assert.equal(got, needed === scope ? 200 : 403, `${scope} at ${method} ${path}`);
      }
    }
  });

  test('a key bound to a function sees and runs that one alone', async () => {
    const { key } = await makeKey({ scopes: ['run', 'read', 'push'], functions: ['mine'] });
    assert.equal(await status('POST', '/function/mine', key, {}), 200);
    assert.equal(await status('POST', '/function/other', key, {}), 403);
    assert.equal(await status('POST', '/api/v1/runs', key, { function: 'other' }), 403);
    const listed = await server.ask('GET', '/api/v1/functions', { headers: as(key) });
    assert.deepEqual(await listed.json(), { functions: [{ name: 'mine', lanes: ['latest'] }] });
    const id = (await server.call('other', {})).headers.get('x-run-id')!;
    assert.equal(await status('GET', `/api/v1/runs/${id}`, key), 404);
    assert.equal(await status('GET', `/api/v1/runs/${id}/log`, key), 404);
    assert.equal(await status('GET', `/api/v1/runs/${id}/events`, key), 404);
  });

  test('a key bound to a function cancels no run of another, not even one whose id it knows', async () => {
    await server.push('waiting', {
      'index.mjs': 'export default (p, { signal }) => new Promise((done) => (signal.onabort = () => done()))',
      'laneway.json': thread,
    });
    const { key } = await makeKey({ scopes: ['run'], functions: ['mine'] });
    const sync = '1d1b2c3d-0000-4000-8000-00000000bbbb';
    const call = server.call('waiting', {}, { 'x-run-id': sync });
    await eventually(async () => (await server.ask('GET', `/api/v1/runs/${sync}`)).status === 200);
    assert.equal(await status('POST', `/api/v1/runs/${sync}/cancel`, key), 404);
    const queued = '1d1b2c3d-0000-4000-8000-00000000cccc';
    await server.ask('POST', '/api/v1/runs', { json: { function: 'waiting', mode: 'queued', run_id: queued } });
    assert.equal(await status('POST', `/api/v1/runs/${queued}/cancel`, key), 404);
    for (const id of [sync, queued]) assert.equal((await server.ask('POST', `/api/v1/runs/${id}/cancel`)).status, 200);
    assert.equal((await call).status, 499);
  });

  test('a key over its rate is told when to come again', async () => {
    const { key } = await makeKey({ scopes: ['read'], rate_per_minute: 2 });
    assert.equal(await status('GET', '/api/v1/functions', key), 200);
    assert.equal(await status('GET', '/api/v1/functions', key), 200);
    const third = await server.ask('GET', '/api/v1/functions', { headers: as(key) });
    assert.equal(third.status, 429);
    assert.ok(Number(third.headers.get('retry-after')) >= 1);
  });

  test('a key in a query is none for requests that are no sockets, and no function sees it', async () => {
    await server.push('parameters', { 'index.mjs': 'export default (p, c) => c.parameters', 'laneway.json': thread });
    const query = `?access_token=${server.key}&token=${server.key}&a=1`;
    assert.deepEqual(await (await server.ask('POST', `/function/parameters${query}`)).json(), { a: '1' });
    const asked = request(`${server.url}/function/parameters${query}`, { method: 'POST', headers: { upgrade: 'websocket' } });
    asked.end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    assert.equal(answer.statusCode, 401);
    answer.resume();
  });

  test('a secret reaches the function that names it, and nobody else', async () => {
    assert.equal((await server.ask('PUT', '/api/v1/secrets/TOKEN', { json: { value: 'hush' } })).status, 204);
    await server.push('secretive', {
      'index.mjs': 'export default (p, c) => c.env.TOKEN',
      'laneway.json': '{"isolation":"thread","secrets":["TOKEN"]}',
    });
    assert.equal(await (await server.call('secretive', {})).json(), 'hush');
    assert.equal((await server.ask('PUT', '/api/v1/secrets/TOKEN', { json: { value: 'louder' } })).status, 204);
    assert.equal(await (await server.call('secretive', {})).json(), 'louder', 'a warm worker does not keep the old value');
    assert.deepEqual(await (await server.call('mine', {})).json(), []);
    assert.equal((await (await server.ask('GET', '/api/v1/secrets')).text()).includes('hush'), false);
    assert.equal((await (await server.ask('GET', '/api/v1/audit')).text()).includes('hush'), false);
  });

  test('every change is in the audit table, with who and what', async () => {
    const { id } = await makeKey({ scopes: ['read'] });
    await server.ask('DELETE', `/api/v1/keys/${id}`);
    const { entries } = (await (await server.ask('GET', '/api/v1/audit?limit=2')).json()) as {
      entries: { action: string; target: string; key_id: string }[];
    };
    assert.deepEqual(
      entries.map(({ action, target, key_id: by }) => [action, target, by]),
      [
        ['key.revoke', id, 'testadmin'],
        ['key.create', id, 'testadmin'],
      ],
    );
  });

  test('health and ready are open, everything else needs a key', async () => {
    const open = async (path: string) => (await fetch(server.url + path)).status;
    assert.equal(await open('/health'), 200);
    assert.equal(await open('/ready'), 200);
    for (const path of [
      '/metrics',
      '/docs',
      '/docs/json',
      '/api/v1/functions',
      '/api/v1/runs',
      '/api/v1/keys',
      '/api/function/GetServerStatus',
    ]) {
      assert.equal(await open(path), 401, path);
    }
  });
});

test('anonymous callers may do what the setting says', async (t) => {
  const server = await startApp({ LANEWAY_ANONYMOUS: 'run' });
  t.after(() => server.close());
  await server.push('f', { 'index.mjs': 'export default () => 1', 'laneway.json': thread });
  const nobody = { headers: { 'content-type': 'application/json' } };
  assert.equal((await fetch(`${server.url}/function/f`, { method: 'POST', body: '{}', ...nobody })).status, 200);
  assert.equal((await fetch(`${server.url}/api/v1/runs`)).status, 200);
  assert.equal((await fetch(`${server.url}/api/v1/keys`)).status, 403);
  assert.equal((await fetch(`${server.url}/api/v1/functions/f/lanes/latest/pin`, { method: 'DELETE' })).status, 403);
  assert.equal(
    (
      await fetch(`${server.url}/function/f`, {
        method: 'POST',
        body: '{}',
        headers: { ...nobody.headers, authorization: 'Bearer wrong' },
      })
    ).status,
    401,
  );
});
