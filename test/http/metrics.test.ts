import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, type MetricParts } from '../../src/http/metrics.js';
import { RunCounts } from '../../src/runs/run-counts.js';

test('with the records and the queue away the numbers of the server itself are still told', async () => {
  let areAway = false;
  const counts = new RunCounts();
  counts.accepted.queued = 7;
  const answer = <Value>(value: Value) => (areAway ? Promise.reject(new Error('away')) : Promise.resolve(value));
  const states = { queued: 3, running: 0, succeeded: 4, failed: 0, cancelled: 0, expired: 0 };
  const metrics = createMetrics({
    runs: { counts, active: { size: 2 }, following: { open: 1 }, waitingLines: () => 1, droppedEvents: () => 0 },
    records: { runs: { countByState: () => answer(states), countByLine: () => answer([]), countDead: () => answer([]) } },
    queue: { depth: () => answer(3) },
    executor: () => ({ workers: [], coldStarts: {} }),
    spans: null,
  } as unknown as MetricParts);
  const before = await metrics();
  assert.match(before, /^laneway_runs_recorded\{state="queued"\} 3$/m);
  assert.match(before, /^laneway_queue_depth 3$/m);
  areAway = true;
  const away = await metrics();
  assert.match(away, /^laneway_runs_accepted_total\{mode="queued"\} 7$/m);
  assert.match(away, /^laneway_runs_active 2$/m);
  assert.doesNotMatch(away, /laneway_runs_recorded\{/);
  assert.match(away, /^laneway_queue_depth (NaN|Nan)$/m);
});
