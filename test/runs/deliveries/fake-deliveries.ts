import type { RunRecord } from '../../../src/contract/records.js';
import type { EndDeliveryParts } from '../../../src/runs/deliveries/end-deliveries.js';
import { endedRun } from './ended-run.js';

type Runs = EndDeliveryParts['runs'];
type Outcome = Parameters<Runs['settleDelivery']>[2];

/** Deliveries in memory, taken for a time and settled as the records do it; a settled try is due again as fast as the test likes. */
export class FakeDeliveries implements Runs {
  readonly runs = new Map<string, { run: RunRecord; dueAt: number }>();
  readonly settled: { id: string; attempt: number; outcome: Outcome }[] = [];
  /** Divides the waits between tries. */
  hurry = 1;

  add(more: Parameters<typeof endedRun>[0] = {}): RunRecord {
    const run = endedRun({ delivery: { state: 'pending', attempts: 0, problem: null }, ...more });
    this.runs.set(run.id, { run, dueAt: Date.now() });
    return run;
  }

  delivery(id: string): NonNullable<RunRecord['delivery']> {
    return this.runs.get(id)!.run.delivery!;
  }

  takeDeliveries(limit: number, forMs: number): Promise<RunRecord[]> {
    const due = this.#pending().filter(({ dueAt }) => dueAt <= Date.now());
    return Promise.resolve(
      due.slice(0, limit).map((entry) => {
        entry.dueAt = Date.now() + forMs;
        entry.run.delivery!.attempts += 1;
        return structuredClone(entry.run);
      }),
    );
  }

  nextDelivery(): Promise<number | null> {
    const dues = this.#pending().map(({ dueAt }) => Math.max(0, dueAt - Date.now()));
    return Promise.resolve(dues.length === 0 ? null : Math.min(...dues));
  }

  settleDelivery(id: string, attempt: number, outcome: Outcome): Promise<void> {
    const entry = this.runs.get(id)!;
    const delivery = entry.run.delivery!;
    this.settled.push({ id, attempt, outcome });
    if (delivery.attempts !== attempt || delivery.state !== 'pending') return Promise.resolve();
    delivery.problem = outcome.problem;
    if (outcome.problem === null) delivery.state = 'delivered';
    else if (outcome.retryInMs === null) delivery.state = 'failed';
    else entry.dueAt = Date.now() + outcome.retryInMs / this.hurry;
    return Promise.resolve();
  }

  get(id: string): Promise<RunRecord | null> {
    return Promise.resolve(this.runs.get(id)?.run ?? null);
  }

  payload(): Promise<string | null> {
    return Promise.resolve('{"n":12345678901234567890}');
  }

  result(): Promise<string | null> {
    return Promise.resolve('[1,2]');
  }

  #pending() {
    return [...this.runs.values()].filter(({ run }) => run.delivery!.state === 'pending');
  }
}
