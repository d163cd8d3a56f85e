import type { RunRecord } from '../contract/records.js';
import type { Runs } from '../runs/open-runs.js';
import type { RunRequest } from '../runs/run-request.js';

/** How much longer than the run itself its caller waits. */
const slackMs = 5000;

/**
 * A sync call and its run. One with an idempotency key must not be carried out twice, though its caller asks again: it is
 * a queued run, which is durable, and whoever asks waits for its end.
 */
export async function answerOnce(wanted: RunRequest, runs: Runs): Promise<{ run: RunRecord; result: string | null }> {
  if (wanted.queued?.idempotencyKey === undefined) {
    const { run } = await runs.sync.call(wanted);
    return { run: await runs.find.get(run.id), result: run.result };
  }
  // Its caller stands by: it is attempted once, like any sync call.
  const { id, prepared } = await runs.accept({ ...wanted, queued: { ...wanted.queued, retries: 0 } });
  const run = await runs.awaitEnd(id, prepared.timeoutMs + slackMs);
  return { run, result: run.state === 'succeeded' ? await runs.find.result(id) : null };
}
