import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { AttemptTracer } from '../../src/contract/tracing.js';
import { newRunId } from '../../src/runs/run-id.js';
import { spanIdOf, traceAfter, traceparentOf } from '../../src/runs/trace-context.js';

const valid = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const nil = '00000000-0000-0000-0000-000000000000';
const runIds = fc.oneof(fc.uuid(), fc.constant(nil));
const attempts = fc.integer({ min: 1, max: 200 });

function tracer(isSampled: AttemptTracer['isSampled']): AttemptTracer {
  return { isSampled, attemptEnded: () => undefined };
}
const always = tracer(() => true);
const asCaller = tracer((_, callerSampled) => callerSampled ?? true);

test('every run and attempt has a valid place in a trace that has the digits of the run', () => {
  fc.assert(
    fc.property(runIds, attempts, (runId, attempt) => {
      const traceparent = traceparentOf({ runId, attempt, caller: null }, always);
      assert.match(traceparent, valid);
      if (runId !== nil) assert.equal(traceparent.slice(3, 35), runId.replaceAll('-', ''));
      assert.equal(traceparent.slice(36, 52), spanIdOf(runId, attempt));
    }),
  );
});

test('attempts of a run, runs made here, and GUIDs counted up at either end all have spans of their own', () => {
  const counted = Array.from({ length: 2000 }, (_, count) => count.toString(16).padStart(8, '0'));
  for (const ids of [
    counted.map((_, count) => spanIdOf('018f0000-0000-7000-8000-000000000003', count + 1)),
    counted.map(() => spanIdOf(newRunId(1_700_000_000_000), 1)),
    counted.map((digits) => spanIdOf(`${digits}-5717-4562-b3fc-2c963f66afa6`, 1)),
    counted.map((digits) => spanIdOf(`3fa85f64-5717-4562-b3fc-2c96${digits}`, 1)),
    counted.map((_, count) =>
      spanIdOf(`${(count % 16).toString(16).repeat(8)}-0000-0000-${(count >> 4).toString(16).padStart(4, '0')}-000000000000`, 1),
    ),
  ]) {
    assert.equal(new Set(ids).size, ids.length);
  }
});

test("a caller's trace goes on below its span, with its flags but for the one that tells what is exported", () => {
  const caller = `cc-${'ab'.repeat(16)}-${'cd'.repeat(8)}-02`;
  const runId = newRunId();
  const kept = `00-${'ab'.repeat(16)}-${spanIdOf(runId, 1)}`;
  assert.equal(traceparentOf({ runId, attempt: 1, caller }, asCaller), `${kept}-02`);
  assert.equal(traceparentOf({ runId, attempt: 1, caller }, always), `${kept}-03`);
  const sampled = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
  assert.equal(traceparentOf({ runId, attempt: 1, caller: sampled }, asCaller), `${kept}-01`);
  assert.equal(
    traceparentOf(
      { runId, attempt: 1, caller: sampled },
      tracer(() => false),
    ),
    `${kept}-00`,
  );
});

test("where nothing is exported a caller's span stays the parent, and a trace of our own says that it is not kept", () => {
  const caller = `cc-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
  assert.equal(traceparentOf({ runId: newRunId(), attempt: 1, caller }, null), `00${caller.slice(2)}`);
  assert.match(traceparentOf({ runId: newRunId(), attempt: 1, caller: null }, null), /-00$/);
});

test("what follows from a run's end is below its last attempt, or below its caller when it never began", () => {
  const id = newRunId();
  const caller = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
  assert.equal(traceAfter({ id, attempt: 3, traceparent: caller }, always), `00-${'ab'.repeat(16)}-${spanIdOf(id, 3)}-01`);
  assert.equal(traceAfter({ id, attempt: 0, traceparent: caller }, always), caller);
  assert.equal(traceAfter({ id, attempt: 0, traceparent: null }, always), null);
});
