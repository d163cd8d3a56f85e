import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { pino } from 'pino';
import { SpanQueue, type SpanQueueOptions } from '../../src/tracing/span-queue.js';
import { until } from '../until.js';

type Answer = { code: number; error?: Error };

/** A collector that answers a batch when the test says so. */
function openQueue(more: Partial<SpanQueueOptions> = {}): {
  queue: SpanQueue;
  batches: { names: string[]; answer: (result: Answer) => void }[];
} {
  const batches: { names: string[]; answer: (result: Answer) => void }[] = [];
  const exporter = {
    export: (spans: ReadableSpan[], answer: (result: Answer) => void) =>
      void batches.push({ names: spans.map(({ name }) => name), answer }),
  };
  const log = pino({ level: 'silent' });
  return { queue: new SpanQueue({ exporter, maxWaiting: 6, size: 3, delayMs: 600_000, log, ...more }), batches };
}

function spans(...names: string[]): ReadableSpan[] {
  return names.map((name) => ({ name }) as ReadableSpan);
}

test('a whole batch goes at once, one after the other, and fewer spans after a while', async () => {
  const { queue, batches } = openQueue({ delayMs: 10 });
  queue.add(spans('a', 'b'));
  assert.equal(batches.length, 0);
  queue.add(spans('c', 'd', 'e', 'f'));
  assert.deepEqual(
    batches.map(({ names }) => names),
    [['a', 'b', 'c']],
  );
  batches[0]!.answer({ code: 0 });
  await until(() => batches.length === 2);
  queue.add(spans('g'));
  batches[1]!.answer({ code: 0 });
  await until(() => batches.length === 3);
  batches[2]!.answer({ code: 0 });
  await until(() => queue.exported === 7);
  assert.deepEqual(
    batches.map(({ names }) => names.join('')),
    ['abc', 'def', 'g'],
  );
});

test('what has no room, what the collector refuses and what the close leaves are dropped and counted', async () => {
  const { queue, batches } = openQueue();
  queue.add(spans('a', 'b', 'c'));
  queue.add(spans('d', 'e', 'f', 'g', 'h'));
  queue.add(spans('i', 'j'));
  assert.equal(queue.dropped, 2);
  batches[0]!.answer({ code: 1, error: new Error('away') });
  await until(() => batches.length === 2);
  assert.deepEqual([queue.exported, queue.dropped], [0, 5]);
  await queue.close(20);
  assert.deepEqual([queue.exported, queue.dropped], [0, 7], 'the batch under way is not known to be lost');
  queue.add(spans('k'));
  assert.equal(queue.dropped, 8);
});

test('a close hands over all that waits, if it is taken in time', async () => {
  const { queue, batches } = openQueue();
  queue.add(spans('a', 'b', 'c'));
  queue.add(spans('d', 'e', 'f', 'g'));
  const closed = queue.close(60_000);
  for (let batch = 0; batch < 3; batch += 1) {
    await until(() => batches.length === batch + 1);
    batches[batch]!.answer({ code: 0 });
  }
  await closed;
  assert.deepEqual([queue.exported, queue.dropped], [7, 0]);
});

test('an exporter that throws drops its batch, and the next one is tried', async () => {
  let calls = 0;
  const { queue } = openQueue({
    exporter: {
      export: (_, answer) => {
        calls += 1;
        if (calls === 1) throw new Error('broken');
        answer({ code: 0 });
      },
    },
  });
  queue.add(spans('a', 'b', 'c'));
  queue.add(spans('d', 'e', 'f'));
  await until(() => queue.exported === 3);
  assert.equal(queue.dropped, 3);
});
