import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunRecord } from '../../../src/contract/records.js';
import { serve } from './server.js';

const id = '6f9619ff-8b86-d011-b42d-00cf4fc964ff';
const headers = { authorization: 'Bearer all' };
const check = { method: 'GET', url: `/api/function/CheckFunction?instanceId=${id}`, headers } as const;

const states: [string, Partial<RunRecord>, string][] = [
  ['WaitingToRun', { state: 'queued' }, 'null'],
  ['Running', { state: 'running' }, 'null'],
  ['RanToCompletion', { state: 'succeeded', endedAt: 0 }, 'null'],
  ['Canceled', { state: 'cancelled', endedAt: 0, message: 'The run was cancelled.' }, 'null'],
  [
    'Faulted',
    { state: 'failed', endedAt: 0, reason: 'function_error', message: 'no "x"' },
    '["no \\"x\\"","One or more errors occurred. (no \\"x\\")"]',
  ],
  [
    'Faulted',
    { state: 'expired', endedAt: 0 },
    '["The run expired before it could start.","One or more errors occurred. (The run expired before it could start.)"]',
  ],
];
for (const [status, how, exceptions] of states) {
  test(`a run that is ${how.state} is checked as ${status}, as often as asked`, async (t) => {
    const { app, runs } = await serve(t);
    const now = Date.now();
    // An open run's time goes on: the test's does not.
    t.mock.method(Date, 'now', () => now);
    runs.add({ id, createdAt: now - 61_400, ...how, ...(how.endedAt === 0 && { endedAt: now - 60_000 }) });
    const seconds = how.endedAt === 0 ? 1 : 61;
    const expected =
      `{"InstanceId":"${id}","CallerId":"me","FunctionName":"mail","Lane":"dev","Version":"1.4","Type":"dll",` +
      `"TaskStatus":"${status}","Exceptions":${exceptions},"ElapsedTimeInSeconds":${seconds}}`;
    for (let time = 0; time < 2; time += 1) {
      const answer = await app.inject(check);
      assert.equal(answer.statusCode, 200);
      assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
      assert.equal(answer.body, expected);
    }
  });
}

test('an id in any form of .NET finds its run', async (t) => {
  const { app, runs } = await serve(t);
  runs.add({ id, type: 'exe', callerId: null });
  const answer = await app.inject({ ...check, url: `/api/checkfunction?INSTANCEID=%7B${id.toUpperCase()}%7D` });
  assert.match(answer.body, /^\{"InstanceId":"6f9619ff-8b86-d011-b42d-00cf4fc964ff","CallerId":null,.*"Type":"exe"/);
});

test('an unknown id is a 404 in its own shape, and an absent one is the id of zeros', async (t) => {
  const { app } = await serve(t);
  const unknown = await app.inject(check);
  assert.equal(unknown.statusCode, 404);
  assert.equal(unknown.headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal(unknown.body, `{"InstanceId":"${id}","Exceptions":["No InstanceId was found matching passed in value"]}`);
  const absent = await app.inject({ ...check, url: '/api/function/checkfunction' });
  assert.equal(
    absent.body,
    '{"InstanceId":"00000000-0000-0000-0000-000000000000","Exceptions":["No InstanceId was found matching passed in value"]}',
  );
});

test('an id that is none is a validation problem, on check and cancel', async (t) => {
  const { app } = await serve(t);
  for (const [method, action] of [
    ['GET', 'checkfunction'],
    ['PUT', 'cancelfunction'],
  ] as const) {
    const wrong = await app.inject({ method, url: `/api/${action}?instanceId=12`, headers });
    assert.equal(wrong.statusCode, 400);
    assert.equal(wrong.headers['content-type'], 'application/problem+json; charset=utf-8');
    assert.deepEqual(wrong.json<{ errors: object }>().errors, { instanceId: ["The value '12' is not valid."] });
    const blank = await app.inject({ method, url: `/api/${action}?instanceId=`, headers });
    assert.deepEqual(blank.json<{ errors: object }>().errors, { instanceId: ["The value '' is invalid."] });
  }
});

test('active functions are the open runs and those that ended in the last 15 minutes', async (t) => {
  const { app, runs } = await serve(t);
  const now = Date.now();
  const idOf = (digit: number) => id.replace(/.$/, String(digit));
  runs.add({ id: idOf(1), state: 'running', createdAt: now });
  runs.add({ id: idOf(2), state: 'succeeded', createdAt: now - 10, endedAt: now });
  runs.add({ id: idOf(3), state: 'succeeded', createdAt: now - 10, endedAt: now - 16 * 60_000 });
  runs.add({ id: idOf(4), state: 'queued', createdAt: now, function: 'bank' });
  const answer = await app.inject({ url: '/api/Function/GetActiveFunctions', headers });
  assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
  const rest = '"Type":"dll","TaskStatus"';
  assert.equal(
    answer.body,
    `[{"InstanceId":"${idOf(1)}","CallerId":"me","FunctionName":"mail","Lane":"dev","Version":"1.4",${rest}:"Running","Exceptions":null,"ElapsedTimeInSeconds":0},` +
      `{"InstanceId":"${idOf(4)}","CallerId":"me","FunctionName":"bank","Lane":"dev","Version":"1.4",${rest}:"WaitingToRun","Exceptions":null,"ElapsedTimeInSeconds":0},` +
      `{"InstanceId":"${idOf(2)}","CallerId":"me","FunctionName":"mail","Lane":"dev","Version":"1.4",${rest}:"RanToCompletion","Exceptions":null,"ElapsedTimeInSeconds":0}]`,
  );
  const bound = await app.inject({ url: '/api/getactivefunctions', headers: { authorization: 'Bearer mail' } });
  assert.deepEqual(
    bound.json<{ InstanceId: string }[]>().map((run) => run.InstanceId),
    [idOf(1), idOf(2)],
  );
});

test('the list of active functions is bounded, over pages', async (t) => {
  const { app, runs } = await serve(t);
  for (let at = 0; at < 1100; at += 1) runs.add({ id: id.replace(/.{12}$/, String(at).padStart(12, '0')), state: 'running' });
  const answer = await app.inject({ url: '/api/getactivefunctions', headers });
  assert.equal(answer.json<unknown[]>().length, 1000);
});

test('cancel cancels, and tells how the run stands without its caller', async (t) => {
  const { app, runs } = await serve(t);
  runs.add({ id, state: 'running' });
  const answer = await app.inject({ method: 'PUT', url: `/api/Function/CancelFunction?instanceId=${id}`, headers });
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal(
    answer.body,
    `{"InstanceId":"${id}","FunctionName":"mail","Lane":"dev","Version":"1.4","Type":"dll","TaskStatus":"Canceled","Exceptions":null,"ElapsedTimeInSeconds":0}`,
  );
  assert.deepEqual(runs.cancelled, [id]);
});

test('a run that has ended is told as it ended', async (t) => {
  const { app, runs } = await serve(t);
  runs.add({ id, state: 'succeeded', endedAt: Date.now() });
  const answer = await app.inject({ method: 'PUT', url: `/api/cancelfunction?instanceId=${id}`, headers });
  assert.equal(answer.json<{ TaskStatus: string }>().TaskStatus, 'RanToCompletion');
  assert.deepEqual(runs.cancelled, []);
});

test('an unknown id to cancel is a 200 with nothing in it', async (t) => {
  const { app } = await serve(t);
  const answer = await app.inject({ method: 'PUT', url: `/api/cancelfunction?instanceId=${id}`, headers });
  assert.equal(answer.statusCode, 200);
  assert.equal(
    answer.body,
    `{"InstanceId":"${id}","FunctionName":"","Lane":"","Version":"","Type":"","TaskStatus":"NoTaskFound","Exceptions":[],"ElapsedTimeInSeconds":0}`,
  );
});

test("another function's run is neither seen nor cancelled with a key that is not for it", async (t) => {
  const { app, runs } = await serve(t);
  runs.add({ id, state: 'running', function: 'bank' });
  const bound = { authorization: 'Bearer mail' };
  assert.equal((await app.inject({ ...check, headers: bound })).statusCode, 404);
  const cancel = await app.inject({ method: 'PUT', url: `/api/cancelfunction?instanceId=${id}`, headers: bound });
  assert.equal(cancel.json<{ TaskStatus: string }>().TaskStatus, 'NoTaskFound');
  assert.deepEqual(runs.cancelled, []);
});

test('the server is active, in JSON with small letters', async (t) => {
  const { app } = await serve(t);
  const answer = await app.inject({ url: '/API/Function/GetServerStatus/', headers: { ...headers, accept: 'text/plain' } });
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
  assert.equal(answer.body, '{"status":"Active"}');
});

test('every action needs a key', async (t) => {
  const { app } = await serve(t);
  const actions = [
    ['POST', 'pushfunction'],
    ['POST', 'runfunction'],
    ['GET', 'checkfunction'],
    ['GET', 'getactivefunctions'],
    ['PUT', 'cancelfunction'],
    ['GET', 'getserverstatus'],
    ['POST', '../functions/negotiate'],
    ['GET', '../functions'],
  ] as const;
  for (const [method, action] of actions) {
    const url = action.startsWith('../') ? action.slice(2) : `/api/${action}`;
    const answer = await app.inject({ method, url });
    assert.equal(answer.statusCode, 401, action);
  }
});

test('a wrong method is a 405 that names the right one, whatever the body', async (t) => {
  const { app } = await serve(t);
  const allowed = {
    pushfunction: 'POST',
    runfunction: 'POST',
    checkfunction: 'GET',
    getactivefunctions: 'GET',
    cancelfunction: 'PUT',
    getserverstatus: 'GET',
  };
  for (const [action, allow] of Object.entries(allowed)) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) {
      if (method === allow) continue;
      const answer = await app.inject({
        method,
        url: `/api/Function/${action}`,
        headers,
        ...(method === 'PATCH' && { payload: 'x' }),
      });
      assert.equal(answer.statusCode, 405, `${method} ${action}`);
      assert.equal(answer.headers.allow, allow);
    }
  }
});

const accepts: [string, string, boolean][] = [
  ['*/*', 'text/plain', false],
  ['application/json, text/plain, */*', 'text/plain', false],
  ['application/json, */*;q=0.1', 'text/plain', false],
  ['text/plain', 'text/plain', false],
  ['text/html', 'text/plain', false],
  ['application/json', 'application/json', true],
  ['Application/JSON; charset=utf-8', 'application/json', true],
  ['text/plain;q=0.5, application/json', 'application/json', true],
  ['application/json;q=0.5, text/plain', 'text/plain', false],
  ['text/json', 'text/json', true],
  ['application/*', 'application/json', true],
];
for (const [accept, type, quoted] of accepts) {
  test(`Accept: ${accept} gets ${type}`, async (t) => {
    const { app } = await serve(t);
    const answer = await app.inject({ ...check, headers: { ...headers, accept } });
    assert.equal(answer.headers['content-type'], `${type}; charset=utf-8`);
    const text = `{"InstanceId":"${id}","Exceptions":["No InstanceId was found matching passed in value"]}`;
    assert.equal(answer.body, quoted ? JSON.stringify(text) : text);
  });
}
