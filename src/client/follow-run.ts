import { setTimeout as wait } from 'node:timers/promises';
import type { RunView } from '../contract/api/runs.js';
import { isEnd, type RunEventAnswer } from './answers.js';
import { LanewayClientError, type LanewayClient } from './laneway-client.js';

const retryMs = [200, 500, 1000, 2000, 3000, 5000, 5000, 5000, 5000];

/**
 * Hands over each event of a run once, in order, and resolves with the run when it has ended. A stream that breaks is
 * taken up where it ended; rejects when the server stays away for about half a minute.
 */
export async function followRun(
  client: LanewayClient,
  runId: string,
  onEvent: (event: RunEventAnswer) => void,
): Promise<RunView> {
  const path = `/api/v1/runs/${encodeURIComponent(runId)}`;
  let lastEventId: string | null = null;
  for (let failures = 0; ;) {
    try {
      for await (const event of client.events(`${path}/events`, { lastEventId })) {
        failures = 0;
        lastEventId = event.id || lastEventId;
        const told = readRunEvent(event);
        if (told) onEvent(told);
      }
      const run = await client.request<RunView>('GET', path);
      if (isEnd(run.state)) return run;
    } catch (error) {
      if (!isPassing(error) || failures >= retryMs.length) throw error;
    }
    await wait(retryMs[Math.min(failures, retryMs.length - 1)]);
    failures += 1;
  }
}

function readRunEvent(event: { id: string; event: string; data: string }): RunEventAnswer | null {
  const known = ['log', 'chunk', 'progress', 'state'].includes(event.event);
  return known ? ({ ...(JSON.parse(event.data) as object), id: event.id, kind: event.event } as RunEventAnswer) : null;
}

/** A server that restarts or is full; anything else will be the same next time. */
function isPassing(error: unknown): boolean {
  return error instanceof LanewayClientError && (error.code === 'unreachable' || error.status === 503 || error.status === 429);
}
