import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import type { Destination } from '../../src/contract/run-policy.js';
import { answering, startReceiver } from '../runs/deliveries/receiver.js';
import { eventually, startApp, type TestApp, zipOf } from './start-app.js';

interface Run {
  id: string;
  state: string;
  function: string;
  source: string;
  caller_id: string | null;
}

const thread = (manifest: object = {}) => JSON.stringify({ isolation: 'thread', ...manifest });
const tells = (code: string, manifest: object = {}) => ({
  'index.mjs': `export default (p, c) => { ${code} }`,
  'laneway.json': thread(manifest),
});

describe('destinations of a whole server', () => {
  let server: TestApp;
  before(async () => {
    server = await startApp({ LANEWAY_WEBHOOK_PRIVATE: 'yes' });
    await server.push('works', tells('return { got: p, attempt: c.attempt };'));
    await server.push('fails', tells('throw new Error("broken");'));
    await server.push('next', tells('return { told: p, parameters: c.parameters };'));
    await server.push('listens', tells('return p;', { events: ['ended.*'] }));
  });
  after(() => server.close());

  const start = async (name: string, more: object = {}) => {
    const body = { function: name, mode: 'queued', payload: { n: 1 }, caller_id: 'someone', ...more };
    const answer = await server.ask('POST', '/api/v1/runs', { json: body });
    assert.equal(answer.status, 202, await answer.clone().text());
    return ((await answer.json()) as Run).id;
  };
  const runsOf = async (name: string) =>
    ((await (await server.ask('GET', `/api/v1/runs?function=${name}&mode=queued`)).json()) as { runs: Run[] }).runs;
  const resultOf = async (id: string) =>
    JSON.parse(await (await server.ask('GET', `/api/v1/runs/${id}/result`)).text()) as unknown;
  const startedBy = (id: string, name = 'next') =>
    eventually(async () => {
      for (const run of await runsOf(name)) {
        if (run.state !== 'succeeded') continue;
        const result = (await resultOf(run.id)) as { told?: { run_id: string }; run_id?: string };
        if ((result.told?.run_id ?? result.run_id) === id) return { run, result };
      }
      return null;
    });
  const delivered = (id: string) =>
    eventually(async () => {
      const { delivery } = await server.app.runs.find.get(id);
      return delivery?.state === 'pending' ? null : delivery;
    });

  test('on success another function gets the result, with the run id and the caller carried through', async () => {
    const id = await start('works', { on_success: { function: 'next' }, on_failure: { event: 'ended.badly' } });
    const { run, result } = await startedBy(id);
    const head = {
      run_id: id,
      function: 'works',
      lane: 'latest',
      version: '1.1',
      state: 'succeeded',
      reason: null,
      message: null,
    };
    assert.deepEqual(result, {
      told: { ...head, result: { got: { n: 1 }, attempt: 1 } },
      parameters: { origin_run_id: id, origin_state: 'succeeded' },
    });
    assert.deepEqual([run.source, run.caller_id], ['destination', 'someone']);
    assert.deepEqual(await delivered(id), { state: 'delivered', attempts: 1, problem: null });
  });

  test('on failure an event gets the reason and the payload', async () => {
    const id = await start('fails', { on_failure: { event: 'ended.badly' }, on_success: { function: 'next' } });
    const { run, result } = await startedBy(id, 'listens');
    assert.equal(run.source, 'event');
    const { reason, state, payload } = result as Record<string, unknown>;
    assert.deepEqual([state, reason, payload], ['failed', 'function_error', { n: 1 }]);
  });

  test('a webhook is signed with the secret, and tried again until it is taken', async (t) => {
    const receiver = await startReceiver(t, (response, request) =>
      answering(receiver.received.length < 2 ? 503 : 200)(response, request),
    );
    await server.ask('PUT', '/api/v1/secrets/HOOK', { json: { value: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' } });
    const id = await start('works', { on_success: { webhook: receiver.url, secret: 'HOOK' } });
    assert.deepEqual(await delivered(id), { state: 'delivered', attempts: 2, problem: null });
    assert.deepEqual(
      receiver.received.map(({ headers }) => headers['webhook-id']),
      [id, id],
    );
    assert.match(String(receiver.received[0]!.headers['webhook-signature']), /^v1,[A-Za-z0-9+/]{43}=$/);
    assert.equal((JSON.parse(receiver.received[0]!.body) as { run_id: string }).run_id, id);
  });

  test('a run that expires before it begins is a failure', async (t) => {
    const receiver = await startReceiver(t);
    const id = await start('works', { delay_ms: 60_000, expires_after_ms: 1, on_failure: { webhook: receiver.url } });
    await delivered(id);
    assert.equal((JSON.parse(receiver.received[0]!.body) as Run).state, 'expired');
  });

  test('what the manifest names is told, for a run that fails after its retries', async (t) => {
    const receiver = await startReceiver(t);
    const retries = { attempts: 2, delay_ms: 0 };
    await server.push('stubborn', tells('throw new Error("no")', { retries, on_failure: { webhook: receiver.url } }));
    const id = await start('stubborn');
    await delivered(id);
    assert.equal(receiver.received.length, 1, 'the first attempt is no end');
    assert.equal((await server.app.runs.find.get(id)).attempt, 2);
  });

  test('a destination that is gone for good is a failed delivery with its reason', async (t) => {
    const receiver = await startReceiver(t, answering(410));
    const id = await start('works', { on_success: { webhook: receiver.url } });
    const delivery = await delivered(id);
    assert.deepEqual([delivery?.state, delivery?.attempts], ['failed', 1]);
    assert.match(delivery?.problem ?? '', /410/);
  });

  test('functions that lead to each other are stopped', async () => {
    await server.push('ping', tells('return 1;', { on_success: { function: 'pong' } }));
    await server.push('pong', tells('return 1;', { on_success: { function: 'ping' } }));
    await start('ping');
    const failed = await eventually(async () => {
      for (const run of [...(await runsOf('ping')), ...(await runsOf('pong'))]) {
        const { delivery } = await server.app.runs.find.get(run.id);
        if (delivery?.state === 'failed') return delivery;
      }
      return null;
    });
    assert.match(failed.problem!, /16 ends/);
    assert.equal((await runsOf('ping')).length + (await runsOf('pong')).length, 17);
  });

  test('a destination that could never be told, or that the key may not reach, is refused with the run', async () => {
    const asked = async (destination: object, headers: Record<string, string> = {}) => {
      const json = { function: 'works', mode: 'queued', on_success: destination };
      const answer = await server.ask('POST', '/api/v1/runs', { json, headers });
      return [answer.status, ((await answer.json()) as { error: { code: string } }).error?.code];
    };
    assert.deepEqual(await asked({ webhook: 'http://169.254.169.254/' }), [400, 'destination_invalid']);
    assert.deepEqual(await asked({ webhook: 'http://user:pass@example.com/' }), [400, 'validation_failed']);
    assert.deepEqual(await asked({ webhook: 'http:///user:pass@example.com/' }), [400, 'destination_invalid']);
    assert.deepEqual(await asked({ event: 'no such name!' }), [400, 'validation_failed']);
    const wish = { name: 'bound', scopes: ['run', 'read'], functions: ['works'] };
    const { key } = (await (await server.ask('POST', '/api/v1/keys', { json: wish })).json()) as { key: string };
    const headers = { authorization: `Bearer ${key}` };
    assert.deepEqual(await asked({ function: 'next' }, headers), [403, 'key_not_for_function']);
    assert.deepEqual(await asked({ event: 'ended.well' }, headers), [400, 'destination_invalid']);
    assert.deepEqual(await asked({ function: 'works' }, headers), [202, undefined]);
  });

  test('a version that tells what the key that pushes it may not reach is refused', async () => {
    const wish = { name: 'bound', scopes: ['push'], functions: ['theirs'] };
    const { key } = (await (await server.ask('POST', '/api/v1/keys', { json: wish })).json()) as { key: string };
    const push = async (manifest: object) => {
      const body = zipOf({ 'index.mjs': 'export default () => 1', 'laneway.json': JSON.stringify(manifest) });
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/zip' };
      const answer = await server.ask('POST', '/api/v1/functions/theirs/lanes/latest/versions', { body, headers });
      return [answer.status, ((await answer.json()) as { error: { code: string } }).error?.code];
    };
    assert.deepEqual(await push({ on_success: { function: 'next' } }), [403, 'key_not_for_function']);
    assert.deepEqual(await push({ on_failure: { event: 'ended.well' } }), [400, 'destination_invalid']);
    const schedule = [{ cron: '0 0 1 1 *', on_failure: { function: 'next' } }];
    assert.deepEqual(await push({ schedule }), [403, 'key_not_for_function']);
    assert.deepEqual(await push({ on_success: { function: 'theirs' } }), [201, undefined]);
  });

  test('a run without a destination has no delivery', async () => {
    const id = await start('works');
    await eventually(async () => (await server.app.runs.find.get(id)).endedAt !== null);
    assert.equal((await server.app.runs.find.get(id)).delivery, null);
  });
});

test('a server that died after it started the next function starts it once', async (t: TestContext) => {
  const server = await startApp();
  t.after(() => server.close());
  await server.push('works', tells('return 1;'));
  await server.push('next', tells('return 1;'));
  const to: Destination = { function: 'next' };
  const answer = await server.ask('POST', '/api/v1/runs', { json: { function: 'works', mode: 'queued', on_success: to } });
  const { id } = (await answer.json()) as Run;
  await eventually(async () => (await server.app.runs.find.get(id)).delivery?.state === 'delivered');
  const { tellEnd } = await import('../../src/runs/deliveries/tell-end.js');
  const { SilentReceivers } = await import('../../src/runs/deliveries/silent-receivers.js');
  const { runs } = server.app;
  // As another server does it whose predecessor could not settle what it had done.
  await tellEnd(await runs.find.get(id), {
    runs: {
      get: (other) => runs.find.get(other),
      payload: () => Promise.resolve(null),
      result: (other) => runs.find.result(other),
    },
    accept: (request) => runs.accept(request),
    publish: () => assert.fail('no event'),
    secretsFor: () => ({}),
    silent: new SilentReceivers(),
    allowPrivate: false,
    timeoutMs: 1000,
    signal: new AbortController().signal,
  });
  const list = (await (await server.ask('GET', '/api/v1/runs?function=next')).json()) as { runs: Run[] };
  assert.equal(list.runs.length, 1);
});
