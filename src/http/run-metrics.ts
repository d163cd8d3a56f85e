import { Counter, Gauge, type Registry } from 'prom-client';
import type { Runs } from '../runs/open-runs.js';

/** The runs of this server, counted since its start. Answers how to bring the numbers up to date. */
export function runMetrics(registry: Registry, runs: Runs): () => void {
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
  const retried = new Counter({
    ...own,
    name: 'laneway_attempts_retried_total',
    help: 'Attempts that failed on this server and are repeated.',
    labelNames: ['reason'],
  });
  const dropped = new Counter({
    ...own,
    name: 'laneway_run_events_dropped_total',
    help: 'Pieces of logs and streams that the records did not take.',
  });
  const active = new Gauge({ ...own, name: 'laneway_runs_active', help: 'Runs under way on this server.' });
  const lines = new Gauge({ ...own, name: 'laneway_waiting_lines', help: 'Lanes whose queued runs wait for a place here.' });
  const followers = new Gauge({ ...own, name: 'laneway_followers', help: 'Open event streams.' });

  return () => {
    const { counts } = runs;
    for (const counter of [accepted, ended, retried, dropped]) counter.reset();
    accepted.inc({ mode: 'sync' }, counts.accepted.sync);
    accepted.inc({ mode: 'queued' }, counts.accepted.queued);
    for (const { count, ...labels } of counts.endedBy()) ended.inc(labels, count);
    for (const [reason, count] of Object.entries(counts.retried)) retried.inc({ reason }, count);
    dropped.inc(runs.droppedEvents());
    active.set(runs.active.size);
    lines.set(runs.waitingLines());
    followers.set(runs.following.open);
  };
}
