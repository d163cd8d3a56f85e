import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { createRequire } from 'node:module';
import { test, type TestContext } from 'node:test';
import { LanewayError } from '../../../src/errors.js';
import { until } from '../../until.js';
import { revoked, serve, type Served, type ServedOptions } from './server.js';

const end = '\x1e';
const credential = { authorization: 'Bearer all' };
const patient = { handshakeMs: 60_000, pingMs: 60_000, silenceMs: 60_000, tokenMs: 60_000 };

interface Client {
  say(message: object): void;
  raw(text: string): void;
  /** Everything said by the server so far, parsed. */
  heard: Record<string, unknown>[];
  hear(count: number): Promise<Record<string, unknown>[]>;
  close(): void;
  gone: Promise<unknown>;
}

interface Socket extends EventEmitter {
  send(text: string): void;
  close(): void;
}

// The library that the server's own sockets come from.
const { WebSocket } = createRequire(createRequire(import.meta.url).resolve('@fastify/websocket'))('ws') as {
  WebSocket: new (url: string, options: object) => Socket;
};

async function connect(base: string, path = '/functions', headers: Record<string, string> = credential): Promise<Client> {
  const heard: Client['heard'] = [];
  const socket = new WebSocket(base.replace('http', 'ws') + path, { headers });
  socket.on('message', (data: Buffer) => {
    for (const text of data.toString().split(end).slice(0, -1)) heard.push(JSON.parse(text) as Record<string, unknown>);
  });
  await once(socket, 'open');
  return {
    say: (message) => socket.send(JSON.stringify(message) + end),
    raw: (text) => socket.send(text),
    heard,
    hear: async (count) => {
      await until(() => heard.length >= count);
      return heard;
    },
    close: () => socket.close(),
    gone: once(socket, 'close'),
  };
}

async function shaken(t: TestContext, options: ServedOptions = {}): Promise<{ client: Client; served: Served }> {
  const served = await serve(t, { hubTimes: patient, ...options });
  const client = await connect(await served.listen());
  client.say({ protocol: 'json', version: 1 });
  assert.deepEqual(await client.hear(1), [{}]);
  client.heard.length = 0;
  return { client, served };
}

const args = ['mail', 'dev', '1.4', '{"a":1}'];
const call = (more: object = {}) => ({ type: 4, invocationId: '0', target: 'FunctionHandler', arguments: args, ...more });

test('negotiation promises a WebSocket, in version 0 and 1', async (t) => {
  const { app } = await serve(t);
  const negotiate = async (query: string) =>
    (
      await app.inject({
        method: 'POST',
        url: `/Functions/Negotiate${query}`,
        headers: { ...credential, 'content-type': 'text/plain' },
        payload: '',
      })
    ).json<Record<string, unknown>>();
  const availableTransports = [{ transport: 'WebSockets', transferFormats: ['Text'] }];
  const { connectionId, ...zero } = await negotiate('');
  assert.deepEqual(zero, { negotiateVersion: 0, availableTransports });
  assert.match(connectionId as string, /^[A-Za-z0-9._-]{32,}$/);
  for (const asked of ['1', '2']) {
    const one = await negotiate(`?negotiateVersion=${asked}`);
    assert.deepEqual(Object.keys(one), ['negotiateVersion', 'connectionId', 'connectionToken', 'availableTransports']);
    assert.equal(one.negotiateVersion, 1);
    assert.notEqual(one.connectionId, one.connectionToken);
  }
  assert.deepEqual(await negotiate('?negotiateVersion=x'), { error: "The client requested an invalid protocol version 'x'" });
});

test('a negotiated token connects once, without a credential or with the same', async (t) => {
  const { app, listen } = await serve(t);
  const url = await listen();
  const token = async () =>
    (await app.inject({ method: 'POST', url: '/functions/negotiate?negotiateVersion=1', headers: credential })).json<{
      connectionToken: string;
    }>().connectionToken;
  const first = await token();
  await connect(url, `/functions?id=${first}`, {});
  await assert.rejects(connect(url, `/functions?id=${first}`, {}), /404/);
  await connect(url, `/functions?id=${await token()}&access_token=all`, {});
  await assert.rejects(connect(url, `/functions?id=${await token()}`, { authorization: 'Bearer other' }), /404/);
  await assert.rejects(connect(url, `/functions?id=${await token()}`, { authorization: 'Bearer nobody' }), /401/);
  await assert.rejects(connect(url, '/functions?id=invented', credential), /404/);
});

test('without a token a credential connects, in a header or the query', async (t) => {
  const { listen } = await serve(t);
  const url = await listen();
  await connect(url, '/functions', credential);
  await connect(url, '/functions?access_token=all', {});
  await assert.rejects(connect(url, '/functions', {}), /401/);
  await assert.rejects(connect(url, '/functions?access_token=push', {}), /403/);
});

test('connections are bounded', async (t) => {
  const { listen } = await serve(t, { maxConnections: 2 });
  const url = await listen();
  const first = await connect(url);
  await connect(url);
  await assert.rejects(connect(url), /503/);
  first.close();
  await first.gone;
  await until(async () =>
    connect(url).then(
      () => true,
      () => false,
    ),
  );
});

test('a plain GET is told that this is a hub, and other methods are refused', async (t) => {
  const { app } = await serve(t);
  const get = await app.inject({ url: '/functions', headers: credential });
  assert.equal(get.statusCode, 400);
  assert.match(get.body, /SignalR hub/);
  const post = await app.inject({ method: 'POST', url: '/functions', headers: credential });
  assert.deepEqual([post.statusCode, post.headers.allow], [405, 'GET']);
  const negotiate = await app.inject({ url: '/functions/negotiate', headers: credential });
  assert.deepEqual([negotiate.statusCode, negotiate.headers.allow], [405, 'POST']);
});

test('a client that does not shake hands properly is told why and let go', async (t) => {
  const { listen } = await serve(t, { hubTimes: patient });
  const url = await listen();
  const wrong: [string, RegExp][] = [
    [`{"protocol":"messagepack","version":1}${end}`, /'messagepack' is not supported/],
    [`hello${end}`, /no JSON object/],
    ['x'.repeat(5000), /larger than the limit of 4096 bytes/],
  ];
  for (const [text, error] of wrong) {
    const client = await connect(url);
    client.raw(text);
    await client.gone;
    assert.equal(client.heard.length, 1);
    assert.match(client.heard[0]!.error as string, error);
  }
});

test('a client that does not shake hands in time is let go', async (t) => {
  const { listen } = await serve(t, { hubTimes: { ...patient, handshakeMs: 20 } });
  const url = await listen();
  const client = await connect(url);
  await client.gone;
  assert.deepEqual(client.heard, [{ error: 'Handshake was canceled.' }]);
});

test('a quiet client is pinged, and a silent one is let go with a reason', async (t) => {
  const { client } = await shaken(t, { hubTimes: { ...patient, pingMs: 20 } });
  assert.deepEqual((await client.hear(2))[1], { type: 6 });
  const silent = await shaken(t, { hubTimes: { ...patient, silenceMs: 20 } });
  await silent.client.gone;
  assert.deepEqual(silent.client.heard, [{ type: 7, error: 'Nothing was heard from the client for 0.02 s.' }]);
});

test('a run is started with the words of the call, and each piece of output is one item', async (t) => {
  const { client, served } = await shaken(t);
  client.say(call({ target: 'functionHANDLER', arguments: [...args, false, 'dll'] }));
  await until(() => served.runs.accepted.length === 1);
  const [request] = served.runs.accepted;
  assert.deepEqual(
    [request!.source, request!.keyId, request!.function, request!.lane, request!.version, request!.payload, request!.type],
    ['hub', 'all', 'mail', 'dev', '1.4', '{"a":1}', 'dll'],
  );
  const [id] = served.runs.records.keys();
  served.runs.emit(id!, { data: 'one\n' });
  assert.deepEqual(await client.hear(1), [{ type: 2, invocationId: '0', item: 'one\n' }]);
  served.runs.emit(id!, { stream: 'stderr', data: 'two\nthree\n' });
  served.runs.emit(id!, { kind: 'progress', stream: null, data: '{"fraction":1}' });
  served.runs.emit(id!, { kind: 'chunk', stream: null, data: '"text"' });
  served.runs.emit(id!, { kind: 'chunk', stream: null, data: '{"n":1}' });
  served.runs.end(id!, { state: 'succeeded' });
  const heard = await client.hear(5);
  assert.deepEqual(
    heard.slice(1, 4).map(({ item }) => item),
    ['two\nthree\n', 'text', '{"n":1}'],
  );
  assert.deepEqual(heard[4], { type: 3, invocationId: '0' });
});

test('what an executable writes is streamed as it is', async (t) => {
  const { client, served } = await shaken(t);
  client.say(call({ arguments: [...args, false, 'exe'] }));
  await until(() => served.runs.records.size === 1);
  const [id] = served.runs.records.keys();
  served.runs.emit(id!, { kind: 'chunk', stream: null, data: '"raw"' });
  assert.equal((await client.hear(1))[0]!.item, '"raw"');
});

const ends: [Parameters<Served['runs']['end']>[1], string][] = [
  [{ state: 'failed', reason: 'function_error', message: 'TypeError: no' }, 'The function failed: TypeError: no'],
  [
    { state: 'failed', reason: 'timeout', message: 'it took longer than 5 ms' },
    'The function was ended: it took longer than 5 ms',
  ],
  [{ state: 'cancelled' }, 'The run was cancelled.'],
  [{ state: 'expired' }, 'The run expired before it could start.'],
];
for (const [how, error] of ends) {
  test(`a run that ends ${how.state} ${how.reason ?? ''} ends its stream with an error`, async (t) => {
    const { client, served } = await shaken(t);
    client.say(call());
    await until(() => served.runs.records.size === 1);
    served.runs.end([...served.runs.records.keys()][0]!, how);
    assert.deepEqual(await client.hear(1), [{ type: 3, invocationId: '0', error }]);
  });
}

test('a client that cancels gets the end of its stream without an error, and the run is cancelled', async (t) => {
  const { client, served } = await shaken(t);
  client.say(call());
  await until(() => served.runs.records.size === 1);
  const [id] = served.runs.records.keys();
  client.say({ type: 5, invocationId: '0' });
  assert.deepEqual(await client.hear(1), [{ type: 3, invocationId: '0' }]);
  assert.deepEqual(served.runs.cancelled, [id]);
  client.say({ type: 5, invocationId: '0' });
  client.say({ type: 5, invocationId: 'never' });
  client.say(call({ target: 'nothing' }));
  assert.equal((await client.hear(2))[1]!.error, "Unknown hub method 'nothing'");
});

test('the runs of a client that goes away, or is sent away, are cancelled', async (t) => {
  const { client, served } = await shaken(t);
  client.say(call({ invocationId: '1' }));
  client.say(call({ invocationId: '2' }));
  await until(() => served.runs.records.size === 2);
  client.close();
  await until(() => served.runs.cancelled.length === 2);
  const other = await shaken(t);
  other.client.say(call());
  await until(() => other.served.runs.records.size === 1);
  other.client.raw(`no JSON${end}`);
  await until(() => other.served.runs.cancelled.length === 1);
});

const misuses: [string, object, string][] = [
  ['an unknown method', call({ target: 'Other' }), "Unknown hub method 'Other'"],
  [
    'a call that wants no stream',
    call({ type: 1 }),
    "The client attempted to invoke the streaming 'FunctionHandler' method with a non-streaming invocation.",
  ],
  ['a call with a stream of its own', call({ streamIds: ['1'] }), 'Client sent 1 stream(s), Hub method expects 0.'],
  [
    'too few arguments',
    call({ arguments: ['mail'] }),
    'The request is not understood: FunctionHandler takes 4 to 6 arguments, not 1.',
  ],
  [
    'an argument of a wrong type',
    call({ arguments: [1, 'dev', '', ''] }),
    'The request is not understood: functionName must be a string.',
  ],
  ['an unknown function', call({ arguments: ['unknown', 'dev', '', ''] }), 'There is no function unknown.'],
  [
    'a version that is none',
    call({ arguments: ['mail', 'dev', 'x', ''] }),
    'Version x is not allowed: use nothing, "latest", a major such as "2", or "major.minor" such as "2.7".',
  ],
  ['a payload that is no JSON', call({ arguments: ['mail', 'dev', '', '{'] }), 'The payload is not JSON: it is not.'],
  [
    'a payload that is not encrypted',
    call({ arguments: ['mail', 'dev', '', '{}', true] }),
    'The payload could not be decrypted: it is not Base64.',
  ],
  [
    'a name that leads out',
    call({ arguments: ['../mail', 'dev', '', ''] }),
    'Function name ../mail is not allowed: 1 to 128 of A-Z a-z 0-9 . _ -, starting with a letter or digit, without "..".',
  ],
];
for (const [what, message, error] of misuses) {
  test(`${what} is answered by one error, and the connection goes on`, async (t) => {
    const { client, served } = await shaken(t);
    client.say({ type: 1, target: 'wants no answer', arguments: [] });
    client.say(message);
    client.say({ type: 6 });
    client.say(call({ invocationId: 'next' }));
    await until(() => served.runs.records.size === 1);
    served.runs.end([...served.runs.records.keys()][0]!, { state: 'succeeded' });
    assert.deepEqual(await client.hear(2), [
      { type: 3, invocationId: '0', error },
      { type: 3, invocationId: 'next' },
    ]);
  });
}

test('an invocation id in use is refused', async (t) => {
  const { client, served } = await shaken(t);
  client.say(call());
  client.say(call());
  assert.deepEqual(await client.hear(1), [{ type: 3, invocationId: '0', error: "Invocation ID '0' is already in use." }]);
  assert.equal(served.runs.accepted.length, 1);
});

test('calls on one connection are bounded', async (t) => {
  const { client } = await shaken(t);
  for (let id = 0; id <= 100; id += 1) client.say(call({ invocationId: String(id) }));
  assert.deepEqual(await client.hear(1), [
    { type: 3, invocationId: '100', error: 'The connection has 100 calls under way, which is its limit.' },
  ]);
});

test('an encrypted payload is opened', async (t) => {
  const { client, served } = await shaken(t);
  client.say(call({ arguments: ['mail', 'dev', null, 'wuXfTmtFSR/KcsPsrATX3Uky7MDKQ4NpKX2/Rodrtn4=', true] }));
  await until(() => served.runs.accepted.length === 1);
  assert.equal(served.runs.accepted[0]!.payload, '{"hello":"world"}');
});

test('an error that is no refusal is not told in detail', async (t) => {
  const { client, served } = await shaken(t);
  served.runs.refusal = new Error('password in here');
  client.say(call());
  assert.equal((await client.hear(1))[0]!.error, "An unexpected error occurred invoking 'FunctionHandler' on the server.");
  served.runs.refusal = new LanewayError('server_busy', { problem: 'full' });
  client.say(call());
  assert.equal((await client.hear(2))[1]!.error, 'The server has no room for another run: full.');
});

test('a key that was revoked starts nothing more', async (t) => {
  const { client } = await shaken(t);
  t.after(() => revoked.clear());
  revoked.add('all');
  client.say(call());
  assert.equal((await client.hear(1))[0]!.error, 'The key is not known, revoked or expired.');
});

test('the query of the connection tells the caller, and reaches the function without its credential', async (t) => {
  const served = await serve(t, { hubTimes: patient });
  const key = `lw_12345678_${'1'.repeat(24)}`;
  const client = await connect(await served.listen(), `/Functions/?callerId=me&extra=1&access_token=all&token=${key}`, {
    'x-own': '1',
    cookie: 'a=b',
  });
  client.raw(`{"protocol":"json","version":1}${end}${JSON.stringify(call())}${end}`);
  await until(() => served.runs.accepted.length === 1);
  const [request] = served.runs.accepted;
  assert.equal(request!.callerId, 'me');
  assert.equal(request!.invocation.url, '/Functions/');
  assert.deepEqual(request!.invocation.parameters, {
    callerId: 'me',
    extra: '1',
    functionName: 'mail',
    lane: 'dev',
    version: '1.4',
  });
  assert.equal(request!.invocation.headers['x-own'], '1');
  assert.equal(request!.invocation.headers.cookie, undefined);
});

test('what is no message ends the connection with a reason', async (t) => {
  for (const [text, error] of [
    ['{"type":4}', /needs its 'target'/],
    ['no JSON', /no JSON object/],
  ] as const) {
    const { client } = await shaken(t);
    client.raw(text + end);
    await client.gone;
    assert.equal(client.heard.length, 1);
    assert.equal(client.heard[0]!.type, 7);
    assert.match(client.heard[0]!.error as string, error);
  }
});

test('a client may close in words, and a server that shuts down lets its clients go', async (t) => {
  const { client } = await shaken(t);
  client.say({ type: 7 });
  await client.gone;
  assert.deepEqual(client.heard, [{ type: 7 }]);
  const other = await shaken(t);
  const closing = other.served.app.close();
  await other.client.gone;
  await closing;
});
