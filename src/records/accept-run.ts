import type { Accepted, NewQueuedRun } from '../contract/records.js';
import { LanewayError } from '../errors.js';
import type { Backend } from './backend.js';
import { placeBody, removeBodies, removeUnwritten } from './run-bodies.js';
import { acceptedRow } from './run-row.js';

/** no-fake-accept: resolves when the run is durable. What was refused leaves nothing behind. */
export async function acceptRun(backend: Backend, run: NewQueuedRun): Promise<Accepted> {
  const { hot, largeBodies } = backend;
  const placed = placeBody(run.payload, largeBodies);
  // Only large bodies are waited for: a pause for every run would cost more than the row.
  const payload = placed instanceof Promise ? await placed : placed;
  const answer = await hot.accept(acceptedRow(run, payload)).catch(async (error: unknown) => {
    await removeUnwritten(backend, { id: run.id, kind: 'payload', reference: payload.reference }).catch(() => {});
    throw error;
  });
  if (answer.how === 'queued' || answer.how === 'running') return answer;
  await removeBodies([payload.reference], largeBodies);
  if (answer.how === 'refused') throw new LanewayError(answer.code, answer.details);
  return answer;
}
