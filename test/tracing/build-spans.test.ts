import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyResource } from '@opentelemetry/resources';
import type { EndedAttempt } from '../../src/contract/tracing.js';
import type { AttemptSpan } from '../../src/tracing/attempt-span.js';
import { buildSpans } from '../../src/tracing/build-spans.js';

const begunAt = 1_700_000_000_000;
const attempt: EndedAttempt = {
  runId: '018f0000-0000-7000-8000-000000000003',
  mode: 'queued',
  source: 'http',
  function: 'f',
  lane: 'latest',
  version: '1.1',
  attempt: 1,
  runtime: 'node',
  isolation: 'thread',
  state: 'succeeded',
  reason: null,
  message: null,
  exitCode: null,
  traceparent: `00-${'1f'.repeat(16)}-${'2e'.repeat(8)}-01`,
  previousSpanId: null,
  caller: null,
  begunAt,
  endedAt: begunAt + 100,
  queuedMs: 50,
  timings: { cold: 'all_busy', fetchMs: 10, waitMs: 20, startMs: 30, runMs: 40 },
  recordMs: 5,
};

/** Name, begin after the attempt was taken up, and length, in milliseconds. */
function laidOut(spans: readonly AttemptSpan[]): [string, number, number][] {
  const ms = ([seconds, nanoseconds]: readonly [number, number]) => seconds * 1000 + nanoseconds / 1e6;
  return spans.map(({ name, startTime, duration }) => [name, ms(startTime) - begunAt, ms(duration)]);
}

test('the stages of an attempt follow each other, and its own span holds them all', () => {
  assert.deepEqual(laidOut(buildSpans(attempt, emptyResource())), [
    ['run f', -50, 155],
    ['queued', -50, 50],
    ['fetch', 0, 10],
    ['wait', 10, 20],
    ['start', 30, 30],
    ['run', 60, 40],
    ['record', 100, 5],
  ]);
});

test('a stage that took no time has no span, and neither has one that was not reached', () => {
  const warm = { cold: null, fetchMs: 0, waitMs: 0.02, startMs: 0, runMs: 0.05 };
  const spans = buildSpans({ ...attempt, queuedMs: 0, recordMs: null, endedAt: begunAt + 0.07, timings: warm }, emptyResource());
  assert.deepEqual(
    laidOut(spans).map(([name]) => name),
    ['run f', 'run'],
  );
  const refused = buildSpans({ ...attempt, queuedMs: 0, recordMs: null, timings: null }, emptyResource());
  assert.deepEqual(laidOut(refused), [['run f', 0, 100]]);
  assert.equal(refused[0]!.attributes['faas.coldstart'], undefined);
});

test('a run that was fired by a schedule, or ended by an exit code, says so', () => {
  const [span] = buildSpans(
    { ...attempt, source: 'schedule', state: 'failed', reason: 'exit_code', message: 'x'.repeat(5000), exitCode: 3 },
    emptyResource(),
  );
  assert.deepEqual(
    ['faas.trigger', 'laneway.reason', 'error.type', 'process.exit.code'].map((name) => span!.attributes[name]),
    ['timer', 'exit_code', 'exit_code', 3],
  );
  assert.equal(span!.status.message!.length, 500);
});
