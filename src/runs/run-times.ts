import type { ColdReason } from '../contract/executor.js';
import type { RunTimings } from '../contract/records.js';
import { TimeHistogram } from './time-histogram.js';

/** Where the time of the attempts of this server went. */
export class RunTimes {
  /** Queued runs only, from being due to being taken up. */
  readonly queued = new TimeHistogram();
  /** Only where the version was not on the disk. */
  readonly fetch = new TimeHistogram();
  readonly wait = new TimeHistogram();
  readonly run = new TimeHistogram();
  /** Queued runs only, from the outcome to the recorded end. */
  readonly record = new TimeHistogram();
  /** Cold ones only, by the reason. */
  readonly start: Partial<Record<ColdReason, TimeHistogram>> = {};

  add({ cold, fetchMs, waitMs, startMs, runMs }: RunTimings): void {
    this.run.add(runMs);
    this.wait.add(waitMs);
    if (fetchMs > 0) this.fetch.add(fetchMs);
    if (cold !== null) (this.start[cold] ??= new TimeHistogram()).add(startMs);
  }

  addQueued(queuedMs: number, recordMs: number): void {
    this.queued.add(queuedMs);
    this.record.add(recordMs);
  }
}
