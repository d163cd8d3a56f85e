import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SilentReceivers } from '../../../src/runs/deliveries/silent-receivers.js';

const origin = 'https://silent.example';

test('after three silences a receiver is left alone, then asked once, and asked again by all when it answers', () => {
  const receivers = new SilentReceivers();
  for (const at of [1, 2]) {
    receivers.silent(origin, at);
    assert.ok(receivers.mayAsk(origin, at));
  }
  receivers.silent(origin, 3);
  assert.equal(receivers.mayAsk(origin, 4), false);
  assert.ok(receivers.mayAsk('https://other.example', 4));
  assert.ok(receivers.mayAsk(origin, 40_000));
  assert.equal(receivers.mayAsk(origin, 40_001), false, 'one at a time');
  receivers.heard(origin);
  assert.ok(receivers.mayAsk(origin, 40_002));
});

test('an answer between silences counts from the beginning', () => {
  const receivers = new SilentReceivers();
  receivers.silent(origin, 1);
  receivers.silent(origin, 1);
  receivers.heard(origin);
  receivers.silent(origin, 1);
  assert.ok(receivers.mayAsk(origin, 2));
});

test('it remembers a bounded number of receivers', () => {
  const receivers = new SilentReceivers();
  for (let times = 0; times < 3; times += 1) receivers.silent(origin, 1);
  for (let index = 0; index < 1000; index += 1) receivers.silent(`https://${index}.example`, 1);
  assert.ok(receivers.mayAsk(origin, 2));
});

test('a clock that is set back leaves nobody alone for longer', (t) => {
  const receivers = new SilentReceivers();
  for (let count = 0; count < 3; count += 1) receivers.silent('https://slow.example');
  const steady = performance.now();
  t.mock.method(Date, 'now', () => 0);
  t.mock.method(performance, 'now', () => steady + 31_000);
  assert.ok(receivers.mayAsk('https://slow.example'));
});
