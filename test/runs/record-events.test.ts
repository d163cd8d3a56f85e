import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { LocalBus } from '../../src/bus/local-bus.js';
import type { RunEvent } from '../../src/contract/records.js';
import { LanewayError } from '../../src/errors.js';
import { EventRecorder } from '../../src/runs/record-events.js';
import { until } from '../until.js';

const log = pino({ level: 'silent' });

function openRecorder(append: (events: readonly RunEvent[]) => Promise<void>) {
  const bus = new LocalBus(log);
  return { bus, recorder: new EventRecorder({ events: { append, read: () => Promise.resolve([]) }, bus, log }) };
}

test('a flush waits for what was said before it, not for what others go on saying', async () => {
  let batches = 0;
  const { recorder } = openRecorder(async () => {
    // Another run says something while a batch is written, always.
    if (batches++ < 1000) talkative.log('stdout', 'more');
    await new Promise((resolve) => setImmediate(resolve));
  });
  const talkative = recorder.sinkFor('talkative', 1);
  talkative.log('stdout', 'first');
  recorder.sinkFor('quiet', 1).log('stdout', 'all there is');
  await recorder.flush();
  assert.ok(batches < 5, `${batches} batches were waited for`);
});

test('events that the records do not take are given up, and no others with them', async () => {
  const kept: string[] = [];
  const { recorder } = openRecorder(async (events) => {
    if (events.some((event) => event.data === 'bad')) throw new TypeError('not to be kept');
    kept.push(...events.map((event) => event.data));
  });
  const sink = recorder.sinkFor('run', 1);
  for (const text of ['a', 'bad', 'b', 'c']) sink.chunk(text);
  await recorder.flush();
  sink.log('stdout', 'd');
  await recorder.flush();
  assert.deepEqual(kept, ['a', 'b', 'c', 'd']);
  assert.equal(recorder.dropped, 1);
});

test('lines that wait together become one event, and no longer than 64 KiB', async () => {
  const kept: RunEvent[] = [];
  const { recorder } = openRecorder(async (events) => void kept.push(...structuredClone(events)));
  const sink = recorder.sinkFor('run', 1);
  for (const text of ['a\n', 'b\n']) sink.log('stdout', text);
  sink.log('stderr', 'c\n');
  sink.chunk('1');
  sink.log('stderr', 'd\n');
  sink.log('stderr', 'x'.repeat(65_535));
  await recorder.flush();
  sink.log('stderr', 'e\n');
  await recorder.flush();
  assert.deepEqual(
    kept.map(({ seq, stream, data }) => [seq, stream, data.slice(0, 4)]),
    [
      [1, 'stdout', 'a\nb\n'],
      [2, 'stderr', 'c\n'],
      [3, null, '1'],
      [4, 'stderr', 'd\n'],
      [5, 'stderr', 'xxxx'],
      [6, 'stderr', 'e\n'],
    ],
  );
});

test('events wait while the records are away', async () => {
  let isAway = true;
  const kept: string[] = [];
  const { recorder } = openRecorder(async (events) => {
    if (isAway) throw new LanewayError('records_unavailable', { problem: 'away' });
    kept.push(...events.map((event) => event.data));
  });
  const sink = recorder.sinkFor('run', 1);
  sink.log('stdout', 'a');
  await recorder.flush();
  sink.log('stdout', 'b');
  isAway = false;
  await until(() => kept.length === 2);
  assert.deepEqual(kept, ['a', 'b']);
});
