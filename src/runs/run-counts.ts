import type { FailureReason, RunMode, RunState } from '../contract/words.js';

/** Upper bounds in milliseconds of the run time histogram. */
export const runTimeBuckets = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000] as const;

type Ended = { mode?: RunMode; state: RunState; reason: FailureReason | null; timings: { runMs: number } | null };
type EndCounts = Record<string, number>;

/** Plain numbers on the hot path; `/metrics` reads them when it is asked. Counted since this server started. */
export class RunCounts {
  readonly accepted: Record<RunMode, number> = { sync: 0, queued: 0 };
  readonly runTime = runTimeBuckets.map(() => 0);
  runTimeSum = 0;
  runTimeCount = 0;
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
    if (run.timings !== null) this.#time(run.timings.runMs);
  }

  /** An attempt failed and will be repeated. */
  putOff(reason: FailureReason): void {
    this.retried[reason] = (this.retried[reason] ?? 0) + 1;
  }

  endedBy(): { mode: RunMode; state: string; reason: string; count: number }[] {
    return Object.entries(this.#ended).flatMap(([mode, counts]) =>
      Object.entries(counts).map(([end, count]) => ({ mode: mode as RunMode, ...stateAndReason(end), count })),
    );
  }

  #time(ms: number): void {
    this.runTimeSum += ms;
    this.runTimeCount += 1;
    for (let index = 0; index < runTimeBuckets.length; index += 1) {
      if (ms > runTimeBuckets[index]!) continue;
      this.runTime[index]! += 1;
      return;
    }
  }
}

function stateAndReason(end: string): { state: string; reason: string } {
  const isState = end === 'succeeded' || end === 'cancelled' || end === 'expired';
  return isState ? { state: end, reason: '' } : { state: 'failed', reason: end };
}
