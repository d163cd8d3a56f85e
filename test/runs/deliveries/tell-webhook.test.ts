import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { LanewayError } from '../../../src/errors.js';
import { DeliveryProblem } from '../../../src/runs/deliveries/delivery-problem.js';
import { SilentReceivers } from '../../../src/runs/deliveries/silent-receivers.js';
import { tellWebhook, type WebhookParts } from '../../../src/runs/deliveries/tell-webhook.js';
import { until } from '../../until.js';
import { endedRun } from './ended-run.js';
import { answering, startReceiver } from './receiver.js';

const run = endedRun();
const report = '{"run_id":"x","text":"ü"}';

function partsWith(more: Partial<WebhookParts> = {}): WebhookParts {
  return {
    secretsFor: ([name]) => {
      if (name !== 'HOOK') throw new LanewayError('secret_not_found', { name: name! });
      return { HOOK: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };
    },
    silent: new SilentReceivers(),
    allowPrivate: true,
    timeoutMs: 5000,
    signal: new AbortController().signal,
    ...more,
  };
}

const tell = (webhook: string, more: Partial<WebhookParts> = {}, secret?: string) =>
  tellWebhook({ webhook, ...(secret === undefined ? {} : { secret }) }, { run, report }, partsWith(more));
const problem = (expected: { forGood?: boolean; askedMs?: number | null; message: RegExp }) => (error: unknown) => {
  assert.ok(error instanceof DeliveryProblem, String(error));
  assert.match(error.message, expected.message);
  assert.equal(error.forGood, expected.forGood ?? false);
  assert.equal(error.askedMs, expected.askedMs ?? null);
  return true;
};

test('the report is POSTed as JSON with the run id, the time and the trace, signed with the named secret', async (t) => {
  const receiver = await startReceiver(t);
  await tell(`${receiver.url}?x=1`, {}, 'HOOK');
  const [{ method, path, headers, body }] = receiver.received as [(typeof receiver.received)[0]];
  assert.deepEqual([method, path, body], ['POST', '/hook?x=1', report]);
  assert.equal(headers['content-type'], 'application/json; charset=utf-8');
  assert.equal(headers['webhook-id'], run.id);
  assert.equal(headers['traceparent'], run.traceparent);
  assert.ok(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000) < 60);
  const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
  const signed = `${run.id}.${String(headers['webhook-timestamp'])}.${body}`;
  assert.equal(headers['webhook-signature'], `v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
});

test('without a secret it is not signed, every 2xx is an answer', async (t) => {
  const receiver = await startReceiver(t, answering(204));
  await tell(receiver.url);
  assert.ok(!('webhook-signature' in receiver.received[0]!.headers));
});

test('a secret that is not there keeps it from being sent at all', async (t) => {
  const receiver = await startReceiver(t);
  await assert.rejects(tell(receiver.url, {}, 'MISSING'), { code: 'secret_not_found' });
  assert.equal(receiver.received.length, 0);
});

test('other answers are problems; 410 is one for good, 429 and 503 may ask for time', async (t) => {
  const receiver = await startReceiver(t);
  const told = async (status: number, headers: Record<string, string> = {}) => {
    receiver.answer = answering(status, headers);
    await tell(receiver.url);
  };
  await assert.rejects(told(500, { 'retry-after': '9' }), problem({ message: /answered 500/ }));
  await assert.rejects(told(404), problem({ message: /answered 404/ }));
  await assert.rejects(told(429, { 'retry-after': '7' }), problem({ message: /answered 429/, askedMs: 7000 }));
  await assert.rejects(told(503, { 'retry-after': '8' }), problem({ message: /answered 503/, askedMs: 8000 }));
  await assert.rejects(told(503), problem({ message: /answered 503/ }));
  await assert.rejects(told(410), problem({ message: /answered 410/, forGood: true }));
});

test('a redirect is a problem and is not followed', async (t) => {
  const target = await startReceiver(t);
  const receiver = await startReceiver(t, answering(307, { location: target.url }));
  await assert.rejects(tell(receiver.url), problem({ message: /answered 307/ }));
  assert.equal(target.received.length, 0);
});

test('a receiver that never answers is given up in time, and left alone after three times', async (t) => {
  const receiver = await startReceiver(t, () => {});
  const silent = new SilentReceivers();
  for (let tries = 0; tries < 3; tries += 1) {
    await assert.rejects(tell(receiver.url, { silent, timeoutMs: 100 }), problem({ message: /no answer within 100 ms/ }));
  }
  await assert.rejects(tell(receiver.url, { silent }), problem({ message: /left alone/ }));
  assert.equal(receiver.received.length, 3);
});

test('one that does not even read, is not there, or speaks no HTTP is a problem', async () => {
  const deaf = createServer((socket) => void socket.pause().on('error', () => {}));
  const rude = createServer(
    (socket) =>
      void socket
        .on('error', () => {})
        .resume()
        .end('no http\r\n\r\n'),
  );
  const listening = [deaf, rude].map((server) => once(server.listen(0, '127.0.0.1'), 'listening'));
  await Promise.all(listening);
  const portOf = (server: typeof deaf) => (server.address() as AddressInfo).port;
  const [deafUrl, rudeUrl] = [`http://127.0.0.1:${portOf(deaf)}/`, `http://127.0.0.1:${portOf(rude)}/`];
  await assert.rejects(tell(deafUrl, { timeoutMs: 100 }), problem({ message: /no answer within/ }));
  await assert.rejects(tell(rudeUrl), problem({ message: /could not be reached: Parse Error/ }));
  for (const server of [deaf, rude]) server.close();
  await once(rude, 'close');
  await assert.rejects(tell(rudeUrl), problem({ message: /could not be reached: .*ECONNREFUSED/ }));
});

test('a long answer is not taken in, and one that never ends does not hold it up', async (t) => {
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(64 * 1024);
    })(),
  );
  let cut = false;
  const receiver = await startReceiver(t, (response) => {
    response.on('close', () => (cut = true));
    endless.pipe(response.writeHead(200));
  });
  // So long that it is not the time that cuts it off.
  await tell(receiver.url, { timeoutMs: 600_000 });
  await until(() => cut);
  receiver.answer = (response) => response.writeHead(202).flushHeaders();
  await tell(receiver.url);
});

test('loopback is refused unless it is allowed, by address for good and by name at each look', async (t) => {
  const receiver = await startReceiver(t);
  await assert.rejects(tell(receiver.url, { allowPrivate: false }), problem({ message: /private address/, forGood: true }));
  const byName = receiver.url.replace('127.0.0.1', 'localhost');
  await assert.rejects(tell(byName, { allowPrivate: false }), problem({ message: /localhost leads to .*private/ }));
  assert.equal(receiver.received.length, 0);
  await tell(byName);
  assert.equal(receiver.received.length, 1);
});

test('credentials in the URL are refused for good and not told to the log', async () => {
  await assert.rejects(tell('http://user:hunter2@127.0.0.1:1/'), (error: Error) => {
    assert.ok(!error.message.includes('hunter2'));
    return problem({ message: /credentials/, forGood: true })(error);
  });
});

test('a closing server cuts it off', async (t) => {
  const closing = new AbortController();
  const receiver = await startReceiver(t, () => closing.abort());
  await assert.rejects(tell(receiver.url, { signal: closing.signal }), problem({ message: /closing/ }));
});
