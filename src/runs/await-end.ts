import type { Bus } from '../contract/bus.js';
import type { RunRecord } from '../contract/records.js';
import type { FindRuns } from './find-runs.js';
import { runTopic } from './record-events.js';

/** A message may be lost: the records are looked at again after this time. */
const lookAgainMs = 1000;

/** Resolves with a queued run when it has ended, on whatever server, or as it stands after `waitMs`. */
export async function awaitEnd(runId: string, waitMs: number, { find, bus }: { find: FindRuns; bus: Bus }): Promise<RunRecord> {
  const giveUpAt = performance.now() + waitMs;
  let wake = () => {};
  let isTold = false;
  const stop = bus.subscribe(runTopic(runId), (message) => {
    if (!message.includes('"ended"')) return;
    isTold = true;
    wake();
  });
  try {
    for (;;) {
      isTold = false;
      const run = await find.get(runId);
      const left = giveUpAt - performance.now();
      if (run.endedAt !== null || left <= 0) return run;
      if (isTold) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, lookAgainMs));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    stop();
  }
}
