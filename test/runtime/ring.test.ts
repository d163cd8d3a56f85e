import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { longestText, Ring, ringMemory } from '../../src/runtime/inside/ring.js';

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constant('write' as const), text: fc.string({ unit: 'grapheme', maxLength: 1500 }) }),
  },
  { weight: 5, arbitrary: fc.record({ does: fc.constant('take' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('take back' as const) }) },
);

test('what is written is taken once, in order, or taken back, whatever was before', () => {
  const memory = ringMemory();
  const [writer, reader] = [new Ring(memory), new Ring(memory)];
  let expected: { text: string; mark: number }[] = [];
  let mark = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      for (const each of steps) {
        if (each.does === 'write') {
          mark += 1;
          if (writer.write(each.text, mark)) expected.push({ text: each.text, mark });
          else assert.ok(each.text.length > longestText || expected.length > 0, 'an empty ring takes what is short');
        } else if (each.does === 'take') {
          const next = expected.shift();
          assert.equal(reader.nextMark(), next?.mark ?? null);
          assert.equal(reader.take((next?.mark ?? 0) + 1), null, 'none with another mark');
          assert.equal(reader.take(next?.mark ?? 0), next?.text ?? null);
        } else {
          assert.equal(writer.takeBack(), expected.length);
          expected = [];
          assert.equal(reader.take(mark), null);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('a full ring takes no more, and again when something was taken', () => {
  const memory = ringMemory();
  const [writer, reader] = [new Ring(memory), new Ring(memory)];
  const text = 'x'.repeat(longestText);
  let count = 0;
  while (writer.write(text, 0)) count += 1;
  assert.ok(count > 4 && count < 64);
  assert.equal(writer.write('y'.repeat(longestText + 1), 0), false);
  for (let taken = 0; taken < count; taken += 1) assert.equal(reader.take(0), text);
  assert.ok(writer.write(text, 0));
});

test('a reader that rests is woken once', () => {
  const memory = ringMemory();
  const [writer, reader] = [new Ring(memory), new Ring(memory)];
  assert.equal(reader.rest(), true);
  writer.write('one', 0);
  assert.equal(writer.mustWake(), true);
  writer.write('two', 0);
  assert.equal(writer.mustWake(), false);
  assert.equal(reader.rest(), false, 'there is something already');
  assert.equal(writer.mustWake(), false);
});

const readUntilEnd = `
  const { workerData, parentPort } = require('node:worker_threads');
  import(workerData.ring).then(({ Ring }) => {
    const ring = new Ring(workerData.memory);
    const seen = [];
    for (;;) {
      const text = ring.take(0);
      if (text === 'end') break;
      if (text !== null) seen.push(Number(text));
    }
    parentPort.postMessage(seen);
  });
`;

test('between two threads nothing is lost, doubled or out of order, and what is taken back is not taken', async () => {
  const memory = ringMemory();
  const writer = new Ring(memory);
  const ring = new URL('../../src/runtime/inside/ring.js', import.meta.url).href;
  const worker = new Worker(readUntilEnd, { eval: true, workerData: { memory, ring } });
  const answered = once(worker, 'message');
  let expected: number[] = [];
  let takenBack = 0;
  for (let number = 0; number < 200_000; number += 1) {
    while (!writer.write(String(number), 0)) await new Promise((resolve) => setImmediate(resolve));
    expected.push(number);
    if (number % 1000 === 999) {
      const count = writer.takeBack();
      takenBack += count;
      expected = expected.slice(0, expected.length - count);
    }
  }
  while (!writer.write('end', 0)) await new Promise((resolve) => setImmediate(resolve));
  const [seen] = (await answered) as [number[]];
  assert.deepEqual(seen, expected);
  assert.ok(takenBack > 0);
});
