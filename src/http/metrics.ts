import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Queue } from '../contract/queue.js';
import type { Records } from '../contract/records.js';
import type { Runs } from '../runs/open-runs.js';
import { recordMetrics } from './record-metrics.js';
import { floorMetrics } from './floor-metrics.js';
import { runMetrics } from './run-metrics.js';
import { timeMetrics } from './time-metrics.js';

export interface MetricParts {
  runs: Runs;
  records: Records;
  queue: Queue;
  executor: () => WorkerNumbers;
  /** What became of spans; null when none are exported. */
  spans: (() => { exported: number; dropped: number }) | null;
}

/** Workers by kind and state, cold starts by reason, and what is loaded before anybody calls. */
interface WorkerNumbers {
  workers: { kind: string; state: string; count: number }[];
  coldStarts: Record<string, number>;
  warmLoads: number;
  floors: { function: string; lane: string; floor: number; workers: number }[];
}

/**
 * The server's numbers for Prometheus. Nothing is counted here: the parts keep plain numbers,
 * and they are put into the registry when somebody asks.
 */
export function createMetrics({ runs, records, queue, executor, spans }: MetricParts): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const depth = new Gauge({
    registers: [registry],
    name: 'laneway_queue_depth',
    help: 'Announcements of runs that no server has taken up. Runs that wait are laneway_runs_recorded{state="queued"}.',
  });
  const fillRecords = recordMetrics(registry, records.runs);
  const fillRuns = runMetrics(registry, runs);
  const fillWorkers = workerMetrics(registry, executor);
  const fillSpans = spans === null ? null : spanMetrics(registry, spans);

  return async () => {
    // A part that is away takes its own numbers away, not those of this server: they are wanted most then.
    const [waiting] = await Promise.all([queue.depth().catch(() => Number.NaN), fillRecords()]);
    depth.set(waiting);
    fillRuns();
    fillWorkers();
    fillSpans?.();
    return `${await registry.metrics()}\n${timeMetrics(runs.counts.times)}`;
  };
}

function workerMetrics(registry: Registry, executor: MetricParts['executor']): () => void {
  const own = { registers: [registry] };
  const workerCount = new Gauge({
    ...own,
    name: 'laneway_workers',
    help: 'Workers of this server.',
    labelNames: ['kind', 'state'],
  });
  const cold = new Counter({
    ...own,
    name: 'laneway_cold_starts_total',
    help: 'Workers started for a run.',
    labelNames: ['reason'],
  });
  const fillFloors = floorMetrics(registry);
  return () => {
    workerCount.reset();
    cold.reset();
    const numbers = executor();
    const { workers, coldStarts } = numbers;
    for (const { kind, state, count } of workers) workerCount.set({ kind, state }, count);
    for (const [reason, count] of Object.entries(coldStarts)) cold.inc({ reason }, count);
    fillFloors(numbers);
  };
}

function spanMetrics(registry: Registry, spans: NonNullable<MetricParts['spans']>): () => void {
  const own = { registers: [registry] };
  const exported = new Counter({ ...own, name: 'laneway_spans_exported_total', help: 'Spans that were taken by the collector.' });
  const dropped = new Counter({
    ...own,
    name: 'laneway_spans_dropped_total',
    help: 'Spans given up: the collector was away or slow.',
  });
  return () => {
    exported.reset();
    dropped.reset();
    const now = spans();
    exported.inc(now.exported);
    dropped.inc(now.dropped);
  };
}
