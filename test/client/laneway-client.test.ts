import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEventAnswer } from '../../src/client/answers.js';
import { followRun } from '../../src/client/follow-run.js';
import { LanewayClient } from '../../src/client/laneway-client.js';
import { closedPort, sendJson, tinyServer } from './tiny-server.js';

test('a request carries key, query and body, and gives the JSON of the answer', async (t) => {
  const { url, seen } = await tinyServer(t, { 'POST /base/x': (_, response) => sendJson(response, 201, { a: [1] }) });
  const client = new LanewayClient({ url: `${url}/base/`, key: 'lw_k' });
  const answer = await client.request('POST', '/x', { body: '{"b":2}', query: { q: 'a b&c', none: undefined, yes: true } });
  assert.deepEqual(answer, { a: [1] });
  assert.equal(seen[0]!.url, '/base/x?q=a+b%26c&yes=true');
  assert.equal(seen[0]!.body, '{"b":2}');
  assert.equal(seen[0]!.headers['authorization'], 'Bearer lw_k');
  assert.equal(seen[0]!.headers['content-type'], 'application/json');
});

test('without a key no credential is sent', async (t) => {
  const { url, seen } = await tinyServer(t, { 'GET /x': (_, response) => sendJson(response, 200, {}) });
  await new LanewayClient({ url, key: null }).request('GET', '/x');
  assert.equal(seen[0]!.headers['authorization'], undefined);
});

test('a refusal has code, status, message, details and the time to wait', async (t) => {
  const error = { code: 'rate_limited', message: 'Too much.', details: { limit: 6 } };
  const { url } = await tinyServer(t, {
    'GET /x': (_, response) => sendJson(response, 429, { error }, { 'retry-after': '7' }),
  });
  await assert.rejects(new LanewayClient({ url, key: null }).request('GET', '/x'), {
    name: 'LanewayClientError',
    code: 'rate_limited',
    status: 429,
    message: 'Too much.',
    details: { limit: 6 },
    retryAfter: 7,
  });
});

test('something else behind the address is told as such', async (t) => {
  const { url } = await tinyServer(t, {
    'GET /html': (_, response) => void response.writeHead(200).end('<html>'),
    'GET /gone': (_, response) => void response.writeHead(502).end('Bad Gateway'),
    'GET /null': (_, response) => void response.writeHead(400).end('null'),
  });
  const client = new LanewayClient({ url, key: null });
  for (const path of ['/html', '/gone', '/null']) {
    await assert.rejects(client.request('GET', path), { code: 'not_laneway', status: null });
  }
});

test('a server that is not there is unreachable, with the reason', async () => {
  const client = new LanewayClient({ url: `http://127.0.0.1:${await closedPort()}`, key: null });
  await assert.rejects(client.request('GET', '/x'), { code: 'unreachable', message: /ECONNREFUSED/ });
});

test('a connection that breaks within the answer is unreachable too', async (t) => {
  const { url } = await tinyServer(t, {
    'GET /x': (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setImmediate(() => response.destroy());
    },
  });
  await assert.rejects(new LanewayClient({ url, key: null }).text('GET', '/x'), { code: 'unreachable' });
});

test('a run is followed over broken connections, each event once, to its end', async (t) => {
  const id = '00000000-0000-4000-8000-000000000000';
  const events = [
    'id: 1.1\nevent: log\ndata: {"stream":"stdout","text":"one"}\n\n',
    'id: 1.2\nevent: chunk\ndata: {"data":"two"}\n\n',
    'id: 1.3\nevent: future\ndata: {}\n\n',
    'id: 1.4\nevent: state\ndata: {"state":"succeeded","reason":null,"message":null}\n\n',
  ];
  let connections = 0;
  const { url, seen } = await tinyServer(t, {
    [`GET /api/v1/runs/${id}/events`]: ({ headers }, response) => {
      connections += 1;
      if (connections === 2) return sendJson(response, 503, { error: { code: 'shutting_down', message: 'x', details: {} } });
      const from = Number(String(headers['last-event-id'] ?? '1.0').slice(2));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      if (connections === 3) return void response.end();
      response.write(events[from]!);
      if (connections === 1) return void setImmediate(() => response.destroy());
      for (const event of events.slice(from + 1)) response.write(event);
      response.end();
    },
    [`GET /api/v1/runs/${id}`]: (_, response) =>
      sendJson(response, 200, { id, state: connections < 4 ? 'running' : 'succeeded' }),
  });
  const told: RunEventAnswer[] = [];
  const ended = await followRun(new LanewayClient({ url, key: null }), id, (event) => told.push(event));
  assert.equal(ended.state, 'succeeded');
  assert.deepEqual(
    told.map(({ id, kind }) => `${id} ${kind}`),
    ['1.1 log', '1.2 chunk', '1.4 state'],
  );
  const resumed = seen.filter(({ url }) => url.endsWith('/events')).map(({ headers }) => headers['last-event-id']);
  assert.deepEqual(resumed, [undefined, '1.1', '1.1', '1.1']);
});

test('following a run that is refused ends at once', async (t) => {
  const { url, seen } = await tinyServer(t, {});
  await assert.rejects(
    followRun(new LanewayClient({ url, key: null }), 'x', () => {}),
    { code: 'route_not_found' },
  );
  assert.equal(seen.length, 1);
});
