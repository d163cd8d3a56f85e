import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { LanewayError } from '../../../src/errors.js';
import { maxPayloadBytes, serve } from './server.js';

const id = '6f9619ff-8b86-d011-b42d-00cf4fc964ff';
const auth = { authorization: 'Bearer all' };
const json = { ...auth, 'content-type': 'application/json' };
const query = `functionName=mail&callerId=me&instanceId=${id}`;

test('a run is taken and told at once, as plain text, with the properties in their order', async (t) => {
  const { app, runs } = await serve(t);
  const answer = await app.inject({
    method: 'POST',
    url: `/api/Function/RunFunction?${query}&lane=dev&version=0&type=dll`,
    headers: json,
    payload: '{"a":1}',
  });
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal(
    answer.body,
    `{"CallerId":"me","InstanceId":"${id}","FunctionName":"mail","Lane":"dev","Version":"1.4","TaskStatus":"WaitingToRun","Type":"dll","Exceptions":[],"ElapsedTimeInSeconds":0}`,
  );
  assert.equal(runs.accepted[0]!.type, 'dll');
});

test('lane, version and type have defaults, and an id is made', async (t) => {
  const { app, runs } = await serve(t);
  const answer = await app.inject({
    method: 'POST',
    url: '/api/runfunction/?FUNCTIONNAME=mail&callerid=me',
    headers: json,
    payload: '1',
  });
  assert.equal(answer.statusCode, 200);
  const told = answer.json<Record<string, unknown>>();
  assert.match(told.InstanceId as string, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.deepEqual([told.Lane, told.Version, told.Type], ['latest', '1.4', 'dll']);
  assert.deepEqual([runs.accepted[0]!.lane, runs.accepted[0]!.version, runs.accepted[0]!.type], ['latest', '0', null]);
});

test('the function gets path, headers without credentials, the query and the body as they came', async (t) => {
  const { app, runs } = await serve(t);
  const body = ' {"b" : [1, 2.0]}\n';
  await app.inject({
    method: 'POST',
    url: `/api/Function/RunFunction/?${query}&Extra=a%20b&entryFileName=other`,
    headers: { ...json, 'x-own': 'yes' },
    payload: body,
  });
  const [run] = runs.accepted;
  assert.equal(run!.payload, body);
  assert.equal(run!.entryFile, 'other');
  assert.equal(run!.invocation.url, '/api/Function/RunFunction/');
  assert.equal(run!.invocation.headers['x-own'], 'yes');
  assert.equal(run!.invocation.headers.authorization, undefined);
  assert.deepEqual(run!.invocation.parameters, {
    functionName: 'mail',
    callerId: 'me',
    instanceId: id,
    Extra: 'a b',
    entryFileName: 'other',
  });
  assert.deepEqual([run!.source, run!.callerId, run!.keyId, run!.id], ['sharpfaas', 'me', 'all', id]);
});

test('the payload may come in the query, without a body or with an empty one', async (t) => {
  const { app, runs } = await serve(t);
  const url = `/api/function/runfunction?functionName=mail&callerId=me&payload=${encodeURIComponent('{"old":true}')}`;
  for (const headers of [auth, { ...auth, 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' }, json]) {
    const answer = await app.inject({ method: 'POST', url, headers });
    assert.equal(answer.statusCode, 200, answer.body);
  }
  assert.deepEqual(
    runs.accepted.map(({ payload }) => payload),
    Array(3).fill('{"old":true}'),
  );
});

test('a body wins over a payload in the query, and is never unwrapped', async (t) => {
  const { app, runs } = await serve(t);
  const url = `/api/function/runfunction?${query}&payload=1`;
  await app.inject({
    method: 'POST',
    url,
    headers: { ...auth, 'content-type': 'application/vnd.x+json' },
    payload: '{"payload":2}',
  });
  assert.equal(runs.accepted[0]!.payload, '{"payload":2}');
});

test('what is missing is told as a validation problem', async (t) => {
  const { app } = await serve(t);
  const answer = await app.inject({
    method: 'POST',
    url: '/api/function/runfunction?instanceId=x&payLoadEncrypted=1',
    headers: auth,
  });
  assert.equal(answer.statusCode, 400);
  assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8');
  assert.match(
    answer.body,
    /^\{"type":"https:\/\/tools\.ietf\.org\/html\/rfc7231#section-6\.5\.1","title":"One or more validation errors occurred\.","status":400,"traceId":"00-[0-9a-f]{32}-[0-9a-f]{16}-00","errors":\{/,
  );
  assert.deepEqual(Object.entries(answer.json<{ errors: object }>().errors), [
    ['', ['A non-empty request body is required.']],
    ['callerId', ['The callerId field is required.']],
    ['instanceId', ["The value 'x' is not valid."]],
    ['functionName', ['The functionName field is required.']],
    ['payLoadEncrypted', ["The value '1' is not valid."]],
  ]);
});

test('a blank lane is a problem, a blank version is the current one', async (t) => {
  const { app } = await serve(t);
  const blankLane = await app.inject({ method: 'POST', url: `/api/runfunction?${query}&lane=`, headers: json, payload: '1' });
  assert.deepEqual(blankLane.json<{ errors: object }>().errors, { lane: ['The lane field is required.'] });
  const blankVersion = await app.inject({
    method: 'POST',
    url: `/api/runfunction?${query}&version=`,
    headers: json,
    payload: '1',
  });
  assert.equal(blankVersion.json<{ Version: string }>().Version, '1.4');
});

test('a body that is no JSON is a validation problem', async (t) => {
  const { app } = await serve(t);
  const answer = await app.inject({ method: 'POST', url: `/api/runfunction?${query}`, headers: json, payload: '{"a":' });
  assert.equal(answer.statusCode, 400);
  assert.deepEqual(answer.json<{ errors: object }>().errors, { $: ['The payload is not JSON: it is not.'] });
});

const faulted = [
  ['an unknown function', 'functionName=unknown&callerId=me', 'There is no function unknown.'],
  [
    'a version that is none',
    'functionName=mail&callerId=me&version=1.x',
    'Version 1.x is not allowed: use nothing, "latest", a major such as "2", or "major.minor" such as "2.7".',
  ],
  [
    'a name that leads out',
    'functionName=..%2Fmail&callerId=me',
    'Function name ../mail is not allowed: 1 to 128 of A-Z a-z 0-9 . _ -, starting with a letter or digit, without "..".',
  ],
  [
    'a name with NUL',
    'functionName=mail%00&callerId=me',
    'Function name mail\uFFFD is not allowed: 1 to 128 of A-Z a-z 0-9 . _ -, starting with a letter or digit, without "..".',
  ],
  [
    'a lane that is too long',
    `functionName=mail&callerId=me&lane=${'l'.repeat(65)}`,
    `Lane name ${'l'.repeat(65)} is not allowed: 1 to 64 of A-Z a-z 0-9 . _ -, starting with a letter or digit, without "..".`,
  ],
] as const;
for (const [what, given, sentence] of faulted) {
  test(`${what} is told as a faulted run at once`, async (t) => {
    const { app, runs } = await serve(t);
    const answer = await app.inject({ method: 'POST', url: `/api/runfunction?${given}`, headers: json, payload: '1' });
    assert.equal(answer.statusCode, 400);
    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
    const told = answer.json<Record<string, unknown>>();
    assert.deepEqual(Object.keys(told), [
      'CallerId',
      'InstanceId',
      'FunctionName',
      'Lane',
      'Version',
      'TaskStatus',
      'Type',
      'Exceptions',
      'ElapsedTimeInSeconds',
    ]);
    assert.equal(told.TaskStatus, 'Faulted');
    assert.deepEqual(told.Exceptions, [`Error in processing function. ${sentence}`]);
    assert.equal(runs.accepted.length, 0);
  });
}

test('a type that is neither dll nor exe is told in the old words, with the version as given', async (t) => {
  const { app } = await serve(t);
  for (const type of ['DLL', '1', 'exe,dll', 'node']) {
    const answer = await app.inject({
      method: 'POST',
      url: `/api/runfunction?${query}&version=9.9&type=${type}`,
      headers: json,
      payload: '1',
    });
    assert.equal(answer.statusCode, 400);
    assert.equal(
      answer.body,
      `{"CallerId":"me","InstanceId":"${id}","FunctionName":"mail","Lane":"latest","Version":"9.9","TaskStatus":"Faulted","Type":"${type}","Exceptions":["Passed in FuntionType is not a valid FunctionType."],"ElapsedTimeInSeconds":0}`,
    );
  }
});

test('an instance id in use is refused', async (t) => {
  const { app } = await serve(t);
  const url = `/api/runfunction?${query}`;
  await app.inject({ method: 'POST', url, headers: json, payload: '1' });
  const answer = await app.inject({ method: 'POST', url, headers: json, payload: '1' });
  assert.equal(answer.statusCode, 400);
  assert.deepEqual(answer.json<{ Exceptions: string[] }>().Exceptions, [`Error in processing function. Run id ${id} is in use.`]);
});

test('a full or broken server is told as such, not as a faulted run', async (t) => {
  const { app, runs } = await serve(t);
  const refusals = [
    new LanewayError('function_busy', { function: 'mail', limit: 1 }),
    new LanewayError('records_unavailable', { problem: 'x' }),
  ];
  for (const refusal of refusals) {
    runs.refusal = refusal;
    const answer = await app.inject({ method: 'POST', url: `/api/runfunction?${query}`, headers: json, payload: '1' });
    assert.equal(answer.statusCode, refusal.status);
    assert.equal(answer.json<{ error: { code: string } }>().error.code, refusal.code);
  }
});

test('an encrypted payload is opened, wherever it comes in', async (t) => {
  const { app, runs } = await serve(t);
  const sealed = 'wuXfTmtFSR/KcsPsrATX3Uky7MDKQ4NpKX2/Rodrtn4=';
  const base = '/api/runfunction?functionName=mail&callerId=me&payloadEncrypted=true';
  const ways = [
    { url: `${base}&payload=${encodeURIComponent(sealed)}`, headers: auth },
    { url: `${base}&payload=${sealed}`, headers: auth },
    { url: base, headers: json, payload: JSON.stringify(sealed) },
    { url: base, headers: { ...auth, 'content-type': 'text/plain' }, payload: sealed },
  ];
  for (const way of ways) assert.equal((await app.inject({ method: 'POST', ...way })).statusCode, 200);
  assert.deepEqual(
    runs.accepted.map(({ payload }) => payload),
    Array(4).fill('{"hello":"world"}'),
  );
});

test('an encrypted payload that can not be opened is a faulted run', async (t) => {
  const without = await serve(t, { encryptionKey: null });
  const url = `/api/runfunction?${query}&payLoadEncrypted=true`;
  const noKey = await without.app.inject({ method: 'POST', url, headers: json, payload: '"AAAA"' });
  assert.equal(noKey.statusCode, 400);
  const [sentence] = noKey.json<{ Exceptions: string[] }>().Exceptions;
  assert.equal(
    sentence,
    'Error in processing function. The payload could not be decrypted: this server has no LANEWAY_ENCRYPTION_KEY.',
  );
  const { app } = await serve(t);
  for (const payload of ['"AAAA"', '{"a":1}', '"open']) {
    const answer = await app.inject({ method: 'POST', url, headers: json, payload });
    assert.equal(answer.statusCode, 400, payload);
    assert.match(answer.body, /"TaskStatus":"Faulted".*The payload could not be decrypted/);
  }
});

test('other content types are refused', async (t) => {
  const { app } = await serve(t);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', '']) {
    const headers = type === '' ? auth : { ...auth, 'content-type': type };
    const answer = await app.inject({ method: 'POST', url: `/api/runfunction?${query}`, headers, payload: Buffer.from('1') });
    assert.equal(answer.statusCode, 415, type);
    assert.equal(answer.json<{ error: { code: string } }>().error.code, 'media_type_not_supported');
  }
});

test('a body over the limit, a body that is no text and a charset nobody knows are refused', async (t) => {
  const { app } = await serve(t);
  const url = `/api/runfunction?${query}`;
  const large = await app.inject({ method: 'POST', url, headers: json, payload: `"${'x'.repeat(maxPayloadBytes)}"` });
  assert.equal(large.statusCode, 413);
  const chunked = { ...json, 'transfer-encoding': 'chunked' };
  const pieces = Readable.from(Array(10).fill(' '.repeat(maxPayloadBytes / 9)));
  assert.equal((await app.inject({ method: 'POST', url, headers: chunked, payload: pieces })).statusCode, 413);
  const bytes = await app.inject({ method: 'POST', url, headers: json, payload: Buffer.from([0x22, 0xff, 0x22]) });
  assert.equal(bytes.json<{ error: { code: string } }>().error.code, 'bad_request');
  const headers = { ...auth, 'content-type': 'application/json; charset=klingon' };
  assert.equal((await app.inject({ method: 'POST', url, headers, payload: '1' })).statusCode, 415);
});

test('a body in another charset is read in it', async (t) => {
  const { app, runs } = await serve(t);
  const headers = { ...auth, 'content-type': 'application/json; charset=utf-16le' };
  await app.inject({ method: 'POST', url: `/api/runfunction?${query}`, headers, payload: Buffer.from('{"é":1}', 'utf16le') });
  assert.equal(runs.accepted[0]!.payload, '{"é":1}');
});

test('the key decides before anything of the request does', async (t) => {
  const { app } = await serve(t);
  const ask = (headers: Record<string, string>, name = 'mail') =>
    app.inject({ method: 'POST', url: `/api/runfunction?functionName=${name}`, headers, payload: 'x' });
  assert.equal((await ask({})).statusCode, 401);
  assert.equal((await ask({ authorization: 'Bearer nobody' })).statusCode, 401);
  assert.equal((await ask({ authorization: 'Bearer push' })).statusCode, 403);
  assert.equal((await ask({ authorization: 'Bearer mail' }, 'bank')).statusCode, 403);
});

test('a key in the query of a route that is no socket opens nothing', async (t) => {
  const { app } = await serve(t);
  const answer = await app.inject({ method: 'POST', url: `/api/runfunction?${query}&access_token=all`, payload: '1' });
  assert.equal(answer.statusCode, 401);
});
