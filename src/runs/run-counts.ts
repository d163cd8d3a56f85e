import type { FailureReason, RunMode, RunState } from '../contract/words.js';

/** Upper bounds in milliseconds of the run time histogram. */
export const runTimeBuckets = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000] as const;

type Ended = { mode?: RunMode; state: RunState; reason: FailureReason | null; timings: { runMs: number; waitMs: number } | null };

/** Plain numbers on the hot path; `/metrics` reads them when it is asked. Counted since this server started. */
export class RunCounts {
  readonly accepted: Record<RunMode, number> = { sync: 0, queued: 0 };
  readonly endedBy = new Map<string, number>();
  readonly runTime = runTimeBuckets.map(() => 0);
  runTimeSum = 0;
  runTimeCount = 0;

  ended(run: Ended): void {
    const mode = run.mode ?? 'sync';
    if (mode === 'sync') this.accepted.sync += 1;
    const key = `${mode},${run.state},${run.reason ?? ''}`;
    this.endedBy.set(key, (this.endedBy.get(key) ?? 0) + 1);
    if (run.timings !== null) this.#time(run.timings.runMs);
  }

  #time(ms: number): void {
    this.runTimeSum += ms;
    this.runTimeCount += 1;
    const bucket = runTimeBuckets.findIndex((bound) => ms <= bound);
    if (bucket >= 0) this.runTime[bucket]! += 1;
  }
}
