import type { PublishedEvent } from '../../contract/events.js';
import type { RunRecord, RunRecords } from '../../contract/records.js';
import type { Destination } from '../../contract/run-policy.js';
import { defaultLane } from '../../contract/words.js';
import { LanewayError } from '../../errors.js';
import { derivedId } from '../derived-id.js';
import type { RunRequest } from '../run-request.js';
import { DeliveryProblem } from './delivery-problem.js';
import { endReport } from './end-report.js';
import { tellWebhook, type WebhookParts } from './tell-webhook.js';

export interface TellParts extends WebhookParts {
  runs: Pick<RunRecords, 'get' | 'payload' | 'result'>;
  accept: (request: RunRequest) => Promise<unknown>;
  publish: (event: PublishedEvent) => Promise<unknown>;
}

/** bounded: so many ends are told one after the other, by functions and events that lead to each other; then it stops. */
export const hopsAtMost = 16;
/** The way in of runs that are started by the end of another. */
export const destinationSource = 'destination';

/** Where the end of this run is told; null for nowhere. */
export function destinationOf({ state, policy }: Pick<RunRecord, 'state' | 'policy'>): Destination | null {
  return (state === 'succeeded' ? policy?.onSuccess : policy?.onFailure) ?? null;
}

/**
 * Tells the end of a run to its destination, once. Told again after a crash, it starts nothing twice: the ids of what it
 * starts follow from the run's. Rejects with what kept it from being told.
 */
export async function tellEnd(run: RunRecord, parts: TellParts): Promise<void> {
  const destination = destinationOf(run);
  if (destination === null) return;
  if ('webhook' in destination) return tellWebhook(destination, { run, report: await endReport(run, parts.runs) }, parts);
  refuseLongChain(run);
  const report = await endReport(run, parts.runs);
  if ('function' in destination) await tellFunction(destination, { run, report }, parts);
  else await parts.publish(eventOf(destination.event, run, report));
}

function refuseLongChain(run: RunRecord): void {
  if (hopsOf(run) < hopsAtMost) return;
  throw new DeliveryProblem(`${hopsAtMost} ends were told one after the other, which is the limit`, { forGood: true });
}

async function tellFunction(
  destination: { function: string; lane?: string },
  { run, report }: { run: RunRecord; report: string },
  { accept, runs }: TellParts,
): Promise<void> {
  const request = requestOf(destination, run, report);
  try {
    await accept(request);
  } catch (error) {
    if (!(error instanceof LanewayError) || error.code !== 'run_id_in_use') throw error;
    const there = await runs.get(request.id);
    // An earlier try was cut off after it was accepted; a run that only happens to have the id was not started by this end.
    const isIt = there?.source === destinationSource && there.function === request.function && there.lane === request.lane;
    if (!isIt) throw error;
  }
}

function requestOf(
  { function: name, lane = defaultLane }: { function: string; lane?: string },
  run: RunRecord,
  report: string,
): RunRequest & { id: string } {
  return {
    id: derivedId('run end', run.id, endOf(run)),
    source: destinationSource,
    callerId: run.callerId,
    keyId: run.keyId,
    function: name,
    lane,
    version: '',
    type: null,
    entryFile: null,
    payload: report,
    invocation: {
      url: `/function/${name}`,
      headers: { 'x-laneway-origin-run': run.id },
      parameters: { origin_run_id: run.id, origin_state: run.state },
    },
    ...(run.traceparent === null ? {} : { traceparent: run.traceparent }),
    queued: { hops: hopsOf(run) + 1 },
  };
}

function eventOf(name: string, run: RunRecord, report: string): PublishedEvent {
  return {
    id: derivedId('event', run.id, endOf(run)),
    name,
    data: report,
    callerId: run.callerId,
    keyId: run.keyId,
    traceparent: run.traceparent,
    hops: hopsOf(run) + 1,
    idempotencyKey: null,
    reaches: () => true,
  };
}

function hopsOf({ policy }: RunRecord): number {
  return policy?.hops ?? 0;
}

function endOf({ state }: RunRecord): 'success' | 'failure' {
  return state === 'succeeded' ? 'success' : 'failure';
}
