import type { Logger } from 'pino';
import type { Queue } from '../contract/queue.js';
import type { RunRecords } from '../contract/records.js';
import type { FunctionStore } from '../contract/store.js';
import { LanewayError, messageOf } from '../errors.js';
import type { ActiveRuns } from './active-runs.js';
import { runFields } from './log-run.js';
import { prepareRun, type PreparePolicy } from './prepare-run.js';
import type { RunCounts } from './run-counts.js';
import type { PreparedRun, RunRequest } from './run-request.js';
import type { WriteBehind } from './write-behind.js';

export interface AcceptParts {
  store: FunctionStore;
  runs: RunRecords;
  queue: Queue;
  active: ActiveRuns;
  writeBehind: WriteBehind;
  counts: RunCounts;
  log: Logger;
  isDraining: () => boolean;
  policy: PreparePolicy & { maxQueuedTimeoutMs: number };
}

/**
 * Takes a run to be carried out by any server: written first, announced second.
 * no-fake-accept: resolves after the record is durable. Rejects with refusals; nothing is kept then.
 */
export async function acceptRun(request: RunRequest, parts: AcceptParts): Promise<PreparedRun> {
  if (parts.isDraining()) throw new LanewayError('shutting_down');
  const prepared = await prepareRun(request, parts.policy.maxQueuedTimeoutMs, parts);
  const { id } = prepared;
  if (parts.active.get(id) ?? parts.writeBehind.get(id)) throw new LanewayError('run_id_in_use', { id });
  await parts.runs.accept({
    id,
    source: request.source,
    executor: 'local',
    callerId: request.callerId,
    keyId: request.keyId,
    function: prepared.version.function,
    lane: prepared.version.lane,
    version: prepared.version.version,
    versionAsked: request.version,
    isolation: prepared.isolation,
    type: request.type,
    entryFile: request.entryFile,
    priority: 0,
    timeoutMs: prepared.timeoutMs,
    invocation: request.invocation,
    payload: request.payload,
    delayMs: 0,
  });
  parts.counts.accepted.queued += 1;
  parts.log.info(runFields({ id, callerId: request.callerId, ...where(prepared), type: request.type }), 'run accepted');
  parts.queue.announce([{ runId: id, fence: 1, priority: 0 }]).catch((error: unknown) => {
    // no-lost-run: the sweep announces what was not announced.
    parts.log.warn({ err: error, runId: id }, `the run will be announced by the sweep: ${messageOf(error)}`);
  });
  return prepared;
}

function where({ version }: PreparedRun): { function: string; lane: string; version: string } {
  return { function: version.function, lane: version.lane, version: version.version };
}
