import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QueueRoom } from '../../src/records/queue-room.js';

const line = { function: 'hello', lane: 'latest' };

test('far from a cap so many are taken on trust, then and after a second the counts are asked again', () => {
  let now = 0;
  const room = new QueueRoom(() => now);
  const caps = { lane: 100, function: null, all: null };
  assert.equal(room.take(line, caps), false);
  room.learn(line, caps, { lane: 40, function: 40, all: 40 });
  assert.deepEqual(
    Array.from({ length: 4 }, () => room.take(line, caps)),
    [true, true, true, false],
  );
  room.learn(line, caps, { lane: 0, function: 0, all: 0 });
  now = 999;
  assert.equal(room.take(line, caps), true);
  now = 1001;
  assert.equal(room.take(line, caps), false);
});

test('every cap counts, a changed one is not trusted, and near a cap nothing is', () => {
  const room = new QueueRoom(() => 0);
  const caps = { lane: 100, function: 100, all: 1000 };
  room.learn(line, caps, { lane: 0, function: 90, all: 0 });
  assert.equal(room.take(line, caps), false);
  room.learn(line, caps, { lane: 0, function: 0, all: 0 });
  assert.equal(room.take({ ...line, lane: 'dev' }, caps), false);
  assert.equal(room.take(line, { ...caps, all: 500 }), false);
  assert.equal(room.take(line, caps), true);
  assert.equal(room.take(line, { lane: null, function: null, all: null }), true);
});
