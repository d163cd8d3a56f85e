import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Queue } from '../contract/queue.js';
import type { Records } from '../contract/records.js';
import { runStates } from '../contract/words.js';
import type { Runs } from '../runs/open-runs.js';
import { type RunCounts, runTimeBuckets } from '../runs/run-counts.js';

export interface MetricParts {
  runs: Runs;
  records: Records;
  queue: Queue;
  /** Workers by kind and state, and cold starts by reason. */
  executor: () => { workers: { kind: string; state: string; count: number }[]; coldStarts: Record<string, number> };
}

/**
 * The server's numbers for Prometheus. Nothing is counted here: the parts keep plain numbers,
 * and they are put into the registry when somebody asks.
 */
export function createMetrics({ runs, records, queue, executor }: MetricParts): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const own = { registers: [registry] };
  const accepted = new Counter({
    ...own,
    name: 'laneway_runs_accepted_total',
    help: 'Runs taken by this server.',
    labelNames: ['mode'],
  });
  const ended = new Counter({
    ...own,
    name: 'laneway_runs_ended_total',
    help: 'Runs this server ended.',
    labelNames: ['mode', 'state', 'reason'],
  });
  const active = new Gauge({ ...own, name: 'laneway_runs_active', help: 'Runs under way on this server.' });
  const recorded = new Gauge({
    ...own,
    name: 'laneway_runs_recorded',
    help: 'Runs in the records of all servers.',
    labelNames: ['state'],
  });
  const depth = new Gauge({ ...own, name: 'laneway_queue_depth', help: 'Announced runs that wait for a place.' });
  const followers = new Gauge({ ...own, name: 'laneway_followers', help: 'Open event streams.' });
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

  return async () => {
    // A part that is away takes its own numbers away, not those of this server: they are wanted most then.
    const [byState, waiting] = await Promise.all([records.runs.countByState().catch(noNumber), queue.depth().catch(noNumber)]);
    for (const counter of [accepted, ended, cold, workerCount, recorded]) counter.reset();
    accepted.inc({ mode: 'sync' }, runs.counts.accepted.sync);
    accepted.inc({ mode: 'queued' }, runs.counts.accepted.queued);
    for (const { count, ...labels } of runs.counts.endedBy()) ended.inc(labels, count);
    if (byState !== null) for (const state of runStates) recorded.set({ state }, byState[state]);
    active.set(runs.active.size);
    depth.set(waiting ?? Number.NaN);
    followers.set(runs.following.open);
    const { workers, coldStarts } = executor();
    for (const { kind, state, count } of workers) workerCount.set({ kind, state }, count);
    for (const [reason, count] of Object.entries(coldStarts)) cold.inc({ reason }, count);
    return `${await registry.metrics()}\n${runTimeText(runs.counts)}`;
  };
}

function noNumber(): null {
  return null;
}

/** A histogram that is counted elsewhere, in the text format: prom-client's own would have to see every run. */
function runTimeText({ runTime, runTimeSum, runTimeCount }: RunCounts): string {
  const name = 'laneway_run_seconds';
  let below = 0;
  const buckets = runTimeBuckets.map((bound, index) => {
    below += runTime[index]!;
    return `${name}_bucket{le="${bound / 1000}"} ${below}`;
  });
  return [
    `# HELP ${name} Time in the function.`,
    `# TYPE ${name} histogram`,
    ...buckets,
    `${name}_bucket{le="+Inf"} ${runTimeCount}`,
    `${name}_sum ${runTimeSum / 1000}`,
    `${name}_count ${runTimeCount}`,
    '',
  ].join('\n');
}
