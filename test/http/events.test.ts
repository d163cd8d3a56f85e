import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApp, type TestApp } from '../app/start-app.js';

interface Published {
  event_id: string;
  runs: { run_id: string; function: string; lane: string }[];
  refused: unknown[];
  error?: { code: string; details: Record<string, unknown> };
}

const wants = (...events: string[]) => ({
  'index.mjs': 'export default (data, c) => ({ data, ...c.parameters, id: c.headers["x-laneway-event-id"], by: c.callerId });',
  'laneway.json': JSON.stringify({ isolation: 'thread', events, forward_headers: ['x-laneway-event-id'] }),
});

describe('events', () => {
  let server: TestApp;
  before(async () => {
    server = await startApp();
    await server.push('ship', wants('order.paid', 'order.*'));
    await server.push('ship', wants('order.paid'), 'production');
    await server.push('count', wants('*'));
    await server.push('deaf', wants());
  });
  after(() => server.close());

  const publish = async (name: string, more: { body?: string; headers?: Record<string, string> } = {}) => {
    const json = more.body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await server.ask('POST', `/api/v1/events/${name}`, { ...more, headers: { ...json, ...more.headers } });
    return { status: answer.status, body: (await answer.json()) as Published };
  };
  const reached = ({ runs }: Published) => runs.map((run) => `${run.function}/${run.lane}`).sort();
  const resultOf = async (id: string) => {
    for (;;) {
      const answer = await server.ask('GET', `/api/v1/runs/${id}/result`);
      if (answer.status === 200) return JSON.parse(await answer.text()) as Record<string, unknown>;
      await answer.text();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const keyFor = async (more: object) => {
    const answer = await server.ask('POST', '/api/v1/keys', { json: { name: 'k', scopes: ['run', 'read'], ...more } });
    return ((await answer.json()) as { key: string }).key;
  };

  test('every lane that subscribes runs, with the data, the name and the id', async () => {
    const { status, body } = await publish('order.paid', { body: '{"n":1}', headers: { 'x-caller-id': 'shop' } });
    assert.equal(status, 202);
    assert.deepEqual(reached(body), ['count/latest', 'ship/latest', 'ship/production']);
    assert.deepEqual(body.refused, []);
    for (const run of body.runs) {
      const expected = { data: { n: 1 }, event: 'order.paid', event_id: body.event_id, id: body.event_id, by: 'shop' };
      assert.deepEqual(await resultOf(run.run_id), expected);
    }
    const view = (await (await server.ask('GET', `/api/v1/runs/${body.runs[0]!.run_id}`)).json()) as Record<string, unknown>;
    assert.deepEqual([view['source'], view['mode']], ['event', 'queued']);
  });

  test('a star takes what begins so; an event nobody wants is taken too', async () => {
    assert.deepEqual(reached((await publish('order.sent')).body), ['count/latest', 'ship/latest']);
    const deaf = await startApp();
    const answer = await deaf.ask('POST', '/api/v1/events/nobody');
    assert.equal(answer.status, 202);
    assert.deepEqual(((await answer.json()) as Published).runs, []);
    await deaf.close();
  });

  test('a push changes the subscriptions at once, a rollback too', async () => {
    const lane = '/api/v1/functions/changing/lanes/latest';
    await server.push('changing', wants('first'));
    assert.ok(reached((await publish('first')).body).includes('changing/latest'));
    await server.push('changing', wants('second'));
    assert.ok(!reached((await publish('first')).body).includes('changing/latest'));
    assert.ok(reached((await publish('second')).body).includes('changing/latest'));
    await server.ask('PUT', `${lane}/pin`, { json: { version: '1.1' } });
    assert.ok(reached((await publish('first')).body).includes('changing/latest'));
  });

  test('the same idempotency key is the same event; with other data it is refused', async () => {
    const headers = { 'idempotency-key': 'once' };
    const first = await publish('order.paid', { body: '{"n":2}', headers });
    const again = await publish('order.paid', { body: '{"n":2}', headers });
    assert.equal(again.status, 202);
    assert.equal(again.body.event_id, first.body.event_id);
    const ids = ({ runs }: Published) => runs.map((run) => run.run_id).sort();
    assert.deepEqual(ids(again.body), ids(first.body));
    const other = await publish('order.paid', { body: '{"n":3}', headers });
    assert.deepEqual([other.status, other.body.error?.code], [409, 'idempotency_conflict']);
    assert.notEqual((await publish('order.sent', { headers })).body.event_id, first.body.event_id);
    assert.equal((await publish('nobody.at.all', { headers: { 'idempotency-key': 'a'.repeat(256) } })).status, 400);
  });

  test('a bound key reaches and sees only what it may use', async () => {
    const bound = { authorization: `Bearer ${await keyFor({ functions: ['ship'], lanes: ['production'] })}` };
    assert.deepEqual(reached((await publish('order.paid', { headers: bound })).body), ['ship/production']);
    const list = await (await server.ask('GET', '/api/v1/events', { headers: bound })).json();
    assert.deepEqual(list, { subscriptions: [{ pattern: 'order.paid', function: 'ship', lane: 'production', version: '1.1' }] });
    const reader = { authorization: `Bearer ${await keyFor({ scopes: ['read'] })}` };
    assert.equal((await publish('order.paid', { headers: reader })).status, 403);
    assert.equal((await server.ask('POST', '/api/v1/events/order.paid', { headers: { authorization: '' } })).status, 401);
  });

  test('subscriptions are listed, all or those of one event', async () => {
    const patterns = async (query = '') => {
      const answer = await server.ask('GET', `/api/v1/events${query}`);
      const { subscriptions } = (await answer.json()) as { subscriptions: { pattern: string; function: string; lane: string }[] };
      return subscriptions.map(({ pattern, function: name, lane }) => `${pattern} ${name}/${lane}`);
    };
    const all = await patterns();
    for (const one of ['* count/latest', 'order.* ship/latest', 'order.paid ship/production']) assert.ok(all.includes(one), one);
    assert.deepEqual(await patterns('?event=order.sent'), ['* count/latest', 'order.* ship/latest']);
    assert.equal((await server.ask('GET', '/api/v1/events?event=a*')).status, 400);
  });

  test('a name, data or type that is none is refused', async () => {
    assert.equal((await publish('order.*')).status, 400);
    assert.equal((await publish('a'.repeat(129))).status, 400);
    assert.equal((await publish('nobody', { body: '{' })).body.error?.code, 'payload_invalid');
    assert.equal((await publish('nobody', { body: `"${'x'.repeat(256 * 1024)}"` })).status, 413);
    assert.equal((await publish('nobody', { body: 'x', headers: { 'content-type': 'text/plain' } })).status, 415);
  });

  test('large numbers in the data stay as they are', async () => {
    const { body } = await publish('big', { body: '{"n":12345678901234567890}' });
    const answer = await server.app.runs.find.get(body.runs[0]!.run_id);
    assert.equal(answer.payloadBytes, '{"n":12345678901234567890}'.length);
  });
});
