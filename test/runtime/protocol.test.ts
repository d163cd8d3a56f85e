import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFrame, FrameReader } from '../../src/runtime/inside/frames.js';
import { readMessage } from '../../src/runtime/read-message.js';
import { TextBudget } from '../../src/runtime/text-budget.js';
import { deploy, makeExecutor, processLevels, resultOf, runOnce } from './support.js';

test('frames survive any cut of the bytes between them', () => {
  const messages = [
    { type: 'ready' },
    { type: 'result', run: 1, data: 'héllo ✓', children: false },
    { type: 'result', run: 2, data: null, children: false },
    { type: 'log', run: 3, stream: 'stdout', data: '' },
    { type: 'run', run: 4, data: 'x'.repeat(5000) },
  ];
  const bytes = Buffer.concat(messages.map((message) => encodeFrame(message)));
  for (const size of [1, 2, 3, 7, 8, 9, 64, 1000, bytes.length]) {
    const read: unknown[] = [];
    const reader = new FrameReader(10_000, (message) => read.push(message));
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    assert.deepEqual(read, messages);
  }
});

test('a frame that breaks the rules is refused before it is waited for', () => {
  const frameOf = (length: number, headerLength: number, header = '') => {
    const bytes = Buffer.alloc(8 + header.length);
    bytes.writeUInt32LE(length, 0);
    bytes.writeUInt32LE(headerLength, 4);
    bytes.write(header, 8);
    return bytes;
  };
  for (const bytes of [
    frameOf(4_000_000_000, 2),
    frameOf(3, 0),
    frameOf(10, 4_000_000_000),
    frameOf(6, 2, '[]'),
    frameOf(6, 2, '{}'),
    frameOf(7, 3, '{"a'),
    frameOf(8, 4, 'null'),
  ]) {
    assert.throws(() => new FrameReader(1000, () => undefined).push(bytes), { name: 'FrameError' });
  }
});

test('only messages of the protocol are taken from a worker', () => {
  assert.ok(readMessage({ type: 'result', run: 1, data: 'null', children: false }));
  assert.ok(readMessage({ type: 'head', run: 1, status: 200, headers: [['a', 'b']] }));
  for (const value of [
    null,
    7,
    'ready',
    [],
    {},
    { type: 'result' },
    { type: 'result', run: -1, data: 'null', children: false },
    { type: 'result', run: 1, data: 7, children: false },
    { type: 'result', run: 1, data: 'null' },
    { type: 'log', run: 1, stream: 'somewhere', data: 'x' },
    { type: 'log', run: 1, stream: 'stdout', data: {} },
    { type: 'progress', run: 1, fraction: NaN, message: '' },
    { type: 'progress', run: 1, fraction: 0, message: 'x'.repeat(100_000) },
    { type: 'head', run: 1, status: 101, headers: [] },
    { type: 'head', run: 1, status: 200, headers: [['a']] },
    { type: 'body', run: 1, data: 'text' },
    { type: 'failed', run: 1, reason: 'cancelled', message: '', children: false },
    { type: 'loaded', convention: 'constructor' },
    { type: '__proto__' },
  ]) {
    assert.equal(readMessage(value), null, JSON.stringify(value));
  }
});

test('a budget cuts between characters, once', () => {
  const budget = new TextBudget(5);
  assert.deepEqual(budget.take('éé'), { fitting: 'éé', cut: false });
  assert.deepEqual(budget.take('é'), { fitting: '', cut: true });
  assert.deepEqual(budget.take('x'), { fitting: '', cut: false });
  assert.deepEqual(new TextBudget(5).take('ab✓✓'), { fitting: 'ab✓', cut: true });
});

for (const [payload, reason, message] of [
  ['garbage', 'worker_lost', /broke the protocol/],
  ['huge frame', 'worker_lost', /broke the protocol: it sent a frame of/],
  ['unknown message', 'worker_lost', /a message of no known form/],
  ['flood', 'worker_lost', /more than its limits allow/],
  ['body unasked', 'worker_lost', /a body that was not asked for/],
  ['large result', 'result_too_large', /larger than 1000000 bytes/],
] as const) {
  for (const isolation of processLevels)
    test(`a hostile worker that sends ${payload} ends its own run as ${reason} at ${isolation}`, async (t) => {
      const executor = makeExecutor(t);
      const version = deploy('hostile/index.mjs', { concurrency: 1 });
      const { outcome } = await runOnce(executor, version, { isolation, payload });
      assert.ok(!outcome.ok);
      assert.equal(outcome.reason, reason);
      assert.match(outcome.message, message);
      assert.equal(await resultOf(executor, version, { isolation }), 'fine');
    });
}

for (const isolation of processLevels)
  test(`a hostile worker can't speak for another run, nor for the next one on it, at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    const version = deploy('hostile/index.mjs', { concurrency: 1 });
    const { outcome, ear } = await runOnce(executor, version, { isolation, payload: 'other runs' });
    assert.ok(outcome.ok);
    assert.equal(outcome.result, '"fine"');
    assert.equal(ear.text, '');
  });
