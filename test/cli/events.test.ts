import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../temporary-folder.js';
import { sendJson, tinyServer } from '../client/tiny-server.js';
import { runFas } from './run-fas.js';

const eventId = '7d0e0000-0000-8000-8000-000000000000';
const runId = 'a819a978-407d-8a02-8214-9477add4333a';

async function open(t: TestContext) {
  const home = await temporaryFolder(t);
  const { url, seen } = await tinyServer(t, {
    'POST /api/v1/events/order.paid': (_, response) =>
      sendJson(response, 202, {
        event_id: eventId,
        runs: [{ run_id: runId, function: 'ship', lane: 'latest' }],
        refused: [{ function: 'old', lane: 'dev', code: 'bad_artifact', message: 'It is damaged.' }],
      }),
    'GET /api/v1/events': (_, response) =>
      sendJson(response, 200, { subscriptions: [{ pattern: 'order.*', function: 'ship', lane: 'latest', version: '1.4' }] }),
  });
  const fas = (...args: string[]) => runFas(args, { home, environment: { LANEWAY_URL: url, LANEWAY_KEY: 'lw_key' } });
  return { home, seen, fas };
}

test('an event is published with its data as it was written, and its runs are printed', async (t) => {
  const { seen, fas } = await open(t);
  const { code, stdout, stderr } = await fas('events', 'publish', 'order.paid', '--data', '{"n":12345678901234567890}');
  assert.deepEqual([code, stdout], [0, `${runId}  ship/latest\n`]);
  assert.match(stderr, /old\/dev can not take it: It is damaged\./);
  assert.match(stderr, new RegExp(`published event ${eventId}; 1 runs started`));
  assert.equal(seen[0]!.body, '{"n":12345678901234567890}');
  assert.equal(seen[0]!.headers['idempotency-key'], undefined);
});

test('data from a file, an idempotency key, an answer in JSON', async (t) => {
  const { home, seen, fas } = await open(t);
  await writeFile(join(home, 'data.json'), '[1]');
  const given = ['--data', '@data.json', '--idempotency-key', 'once', '--json'];
  const { code, stdout, stderr } = await fas('events', 'publish', 'order.paid', ...given);
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal((JSON.parse(stdout) as { event_id: string }).event_id, eventId);
  assert.deepEqual([seen[0]!.body, seen[0]!.headers['idempotency-key']], ['[1]', 'once']);
});

test('an event without data has no body; data that is no JSON is not sent', async (t) => {
  const { seen, fas } = await open(t);
  assert.equal((await fas('events', 'publish', 'order.paid')).code, 0);
  assert.equal(seen[0]!.body, '');
  const { code, stderr } = await fas('events', 'publish', 'order.paid', '--data', 'no');
  assert.equal(code, 2);
  assert.match(stderr, /not JSON/);
  assert.equal(seen.length, 1);
});

test('subscriptions are listed, all or those of an event', async (t) => {
  const { seen, fas } = await open(t);
  const { stdout } = await fas('events', 'list');
  assert.equal(stdout, 'EVENT    FUNCTION  LANE    VERSION\norder.*  ship      latest  1.4\n');
  assert.equal((await fas('events')).stdout, stdout);
  await fas('events', 'list', '--event', 'order.paid');
  await fas('events', '--event', 'order.paid');
  assert.deepEqual(
    seen.map((request) => request.url),
    ['/api/v1/events', '/api/v1/events', '/api/v1/events?event=order.paid', '/api/v1/events?event=order.paid'],
  );
});
