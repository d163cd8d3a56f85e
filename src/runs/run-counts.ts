import type { RunTimings } from '../contract/records.js';
import type { FailureReason, RunMode, RunState } from '../contract/words.js';
import { RunTimes } from './run-times.js';

type Ended = { mode?: RunMode; state: RunState; reason: FailureReason | null; timings: RunTimings | null };
type EndCounts = Record<string, number>;

/** Plain numbers on the hot path; `/metrics` reads them when it is asked. Counted since this server started. */
export class RunCounts {
  readonly accepted: Record<RunMode, number> = { sync: 0, queued: 0 };
  /** Of every attempt, the repeated ones too. */
  readonly times = new RunTimes();
  /** Attempts that failed and were repeated, by reason. */
  readonly retried: Partial<Record<FailureReason, number>> = {};
  /** By mode, then by end state, or by reason for those that failed. */
  readonly #ended: Record<RunMode, EndCounts> = { sync: {}, queued: {} };

  ended(run: Ended): void {
    const mode = run.mode ?? 'sync';
    if (mode === 'sync') this.accepted.sync += 1;
    const end = run.reason ?? run.state;
    const counts = this.#ended[mode];
    counts[end] = (counts[end] ?? 0) + 1;
    if (run.timings !== null) this.times.add(run.timings);
  }

  /** An attempt failed and will be repeated. */
  putOff(reason: FailureReason, timings: RunTimings | null): void {
    this.retried[reason] = (this.retried[reason] ?? 0) + 1;
    if (timings !== null) this.times.add(timings);
  }

  endedBy(): { mode: RunMode; state: string; reason: string; count: number }[] {
    return Object.entries(this.#ended).flatMap(([mode, counts]) =>
      Object.entries(counts).map(([end, count]) => ({ mode: mode as RunMode, ...stateAndReason(end), count })),
    );
  }
}

function stateAndReason(end: string): { state: string; reason: string } {
  const isState = end === 'succeeded' || end === 'cancelled' || end === 'expired';
  return isState ? { state: end, reason: '' } : { state: 'failed', reason: end };
}
