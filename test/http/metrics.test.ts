import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunView } from '../../src/contract/api/runs.js';
import { createMetrics, type MetricParts } from '../../src/http/metrics.js';
import { RunCounts } from '../../src/runs/run-counts.js';
import { timeBounds } from '../../src/runs/time-histogram.js';
import { eventually, startApp } from '../app/start-app.js';

const states = { queued: 3, running: 0, succeeded: 4, failed: 0, cancelled: 0, expired: 0 };
const timings = { cold: null, fetchMs: 0, waitMs: 0, startMs: 0, runMs: 3 };

/** Metrics over numbers that a test gives. */
function metricsOf(records: object, counts = new RunCounts(), depth = async () => 3): () => Promise<string> {
  return createMetrics({
    runs: { counts, active: { size: 2 }, following: { open: 1 }, waitingLines: () => 5, droppedEvents: () => 6 },
    records: {
      runs: {
        countByState: async () => ({ ...states, accepted: 7 }),
        countByLine: async () => [],
        countDead: async () => [],
        ...records,
      },
    },
    queue: { depth },
    executor: () => ({ workers: [], coldStarts: {}, warmLoads: 0, floors: [] }),
    spans: null,
  } as unknown as MetricParts);
}

function valueOf(text: string, sample: string): string | undefined {
  return text
    .split('\n')
    .find((line) => line.startsWith(`${sample} `))
    ?.slice(sample.length + 1);
}

test('with the records and the queue away the numbers of the server itself are still told', async () => {
  let areAway = false;
  const counts = new RunCounts();
  counts.accepted.queued = 7;
  const answer = <Value>(value: Value) => (areAway ? Promise.reject(new Error('away')) : Promise.resolve(value));
  const line = { ...states, accepted: 7, function: 'f', lane: 'latest' };
  const metrics = metricsOf(
    {
      countByState: () => answer({ ...states, accepted: 7 }),
      countByLine: () => answer([line]),
      countDead: () => answer([{ function: 'f', lane: 'latest', runs: 2 }]),
    },
    counts,
    () => answer(3),
  );
  const before = await metrics();
  assert.equal(valueOf(before, 'laneway_runs_recorded{state="queued"}'), '3');
  assert.equal(valueOf(before, 'laneway_queue_depth'), '3');
  assert.equal(valueOf(before, 'laneway_runs_drift'), '0');
  assert.equal(valueOf(before, 'laneway_runs_queued{function="f",lane="latest"}'), '3');
  assert.equal(valueOf(before, 'laneway_dead_letters{function="f",lane="latest"}'), '2');
  areAway = true;
  const away = await metrics();
  assert.equal(valueOf(away, 'laneway_runs_accepted_total{mode="queued"}'), '7');
  assert.deepEqual(
    ['laneway_runs_active', 'laneway_waiting_lines', 'laneway_run_events_dropped_total'].map((name) => valueOf(away, name)),
    ['2', '5', '6'],
  );
  assert.doesNotMatch(away, /^laneway_(runs_recorded|runs_queued|dead_letters)\{/m);
  for (const name of ['laneway_queue_depth', 'laneway_runs_drift']) assert.match(valueOf(away, name) ?? '', /^nan$/i, name);
});

test('a run that is in no state, or in two, shows as drift', async () => {
  const lost = await metricsOf({ countByState: async () => ({ ...states, accepted: 9 }) })();
  assert.equal(valueOf(lost, 'laneway_runs_drift'), '2');
  const doubled = await metricsOf({ countByState: async () => ({ ...states, accepted: 6 }) })();
  assert.equal(valueOf(doubled, 'laneway_runs_drift'), '-1');
});

test('however many lanes there are, only the largest get a name and the rest is one number', async () => {
  const lines = Array.from({ length: 1000 }, (_, index) => ({
    function: `f${index}`,
    lane: 'latest',
    queued: index,
    runs: index,
  }));
  const text = await metricsOf({ countByLine: async () => lines, countDead: async () => lines })();
  for (const name of ['laneway_runs_queued', 'laneway_dead_letters']) {
    const samples = text.split('\n').filter((line) => line.startsWith(`${name}{`));
    assert.equal(samples.length, 201);
    assert.equal(valueOf(text, `${name}{function="f800",lane="latest"}`), '800');
    assert.equal(valueOf(text, `${name}{function="",lane="other"}`), String((799 * 800) / 2));
  }
});

test('times are counted in the bucket that holds them, and cold starts by their reason', async () => {
  const counts = new RunCounts();
  for (const runMs of [0.4, 1, 1.1, 59_999, 100_000]) counts.times.add({ ...timings, runMs });
  counts.times.add({ ...timings, cold: 'all_busy', startMs: 40, fetchMs: 7 });
  counts.times.addQueued(2000, 3);
  const text = await metricsOf({}, counts)();
  const bucket = (name: string, bound: string) => valueOf(text, `${name}_bucket{le="${bound}"}`);
  assert.deepEqual(
    ['0.001', '0.002', '0.005', '30', '60', '+Inf'].map((bound) => bucket('laneway_run_seconds', bound)),
    ['2', '3', '4', '4', '5', '6'],
  );
  assert.equal(valueOf(text, 'laneway_run_seconds_count'), '6');
  assert.equal(Number(valueOf(text, 'laneway_run_seconds_sum')).toFixed(4), '160.0045');
  assert.deepEqual([bucket('laneway_queued_seconds', '1'), bucket('laneway_queued_seconds', '2.5')], ['0', '1']);
  assert.equal(bucket('laneway_record_seconds', '0.005'), '1');
  assert.equal(valueOf(text, 'laneway_fetch_seconds_count'), '1');
  const cold = 'laneway_cold_start_seconds';
  assert.equal(valueOf(text, `${cold}_bucket{reason="all_busy",le="0.025"}`), '0');
  assert.equal(valueOf(text, `${cold}_bucket{reason="all_busy",le="0.05"}`), '1');
  assert.equal(valueOf(text, `${cold}_count{reason="all_busy"}`), '1');
  assert.equal(text.split('\n').filter((line) => line.startsWith(`${cold}_bucket`)).length, timeBounds.length + 1);
});

test('the numbers of a whole server add up', async (t) => {
  const app = await startApp();
  t.after(() => app.close());
  await app.push('flaky', {
    'index.mjs': `export default (payload, { attempt }) => { if (attempt <= payload) throw new Error('not yet'); };`,
  });
  await app.call('flaky', 0);
  for (const failures of [1, 9]) {
    const retries = { attempts: 2, delay_ms: 1, jitter: 0 };
    const accepted = await app.ask('POST', '/api/v1/runs', {
      json: { function: 'flaky', mode: 'queued', payload: failures, retries },
    });
    const { id } = (await accepted.json()) as RunView;
    await eventually(async () => ((await (await app.ask('GET', `/api/v1/runs/${id}`)).json()) as RunView).ended_at);
  }
  await app.ask('POST', '/api/v1/runs', { json: { function: 'flaky', mode: 'queued', delay_ms: 3_600_000 } });
  const text = await eventually(async () => {
    const now = await (await app.ask('GET', '/metrics')).text();
    return valueOf(now, 'laneway_runs_recorded{state="succeeded"}') === '2' && now;
  });
  assert.deepEqual(
    [
      'laneway_runs_drift',
      'laneway_runs_accepted_total{mode="queued"}',
      'laneway_runs_recorded{state="failed"}',
      'laneway_attempts_retried_total{reason="function_error"}',
      'laneway_dead_letters{function="flaky",lane="latest"}',
      'laneway_runs_queued{function="flaky",lane="latest"}',
      'laneway_run_seconds_count',
      'laneway_queued_seconds_count',
      'laneway_record_seconds_count',
      'laneway_cold_start_seconds_count{reason="first_call"}',
    ].map((sample) => valueOf(text, sample)),
    ['0', '3', '1', '2', '1', '1', '5', '4', '4', '1'],
  );
});
