import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { webhookHeaders } from '../../../src/runs/deliveries/sign-webhook.js';

const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', seconds: 1_614_265_330, body: '{"test": 2432232314}' };

test('the published example of the convention is signed as published', () => {
  assert.deepEqual(webhookHeaders(message, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('a secret without the prefix is the key as it is, bytes of the body are signed as they are', () => {
  const body = Buffer.from('{"ü":1}');
  const { id, seconds } = message;
  const expected = createHmac('sha256', 'plain secret').update(`${id}.${seconds}.{"ü":1}`).digest('base64');
  assert.equal(webhookHeaders({ id, seconds, body }, 'plain secret')['webhook-signature'], `v1,${expected}`);
});

test('without a secret there is an id and a time, and no signature', () => {
  assert.deepEqual(Object.keys(webhookHeaders(message, null)), ['webhook-id', 'webhook-timestamp']);
});

test('a secret that can be no key is told as such', () => {
  for (const secret of ['whsec_', 'whsec_not base64!', '']) assert.throws(() => webhookHeaders(message, secret), /secret is/);
});
