import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Accepted, Line, NewQueuedRun, RunRecords } from '../contract/records.js';
import type { FunctionStore } from '../contract/store.js';
import { LanewayError } from '../errors.js';
import type { ActiveRuns } from './active-runs.js';
import { claimedStraight } from './claimed-straight.js';
import type { Dispatcher } from './dispatcher.js';
import type { DueRuns } from './due-runs.js';
import { runFields } from './log-run.js';
import { prepareRun, type PreparePolicy } from './prepare-run.js';
import type { QueueLimits } from './queue-limits.js';
import type { RunCounts } from './run-counts.js';
import type { AcceptedRun, PreparedRun, QueuedWishes, RunRequest } from './run-request.js';
import { settlePolicy } from './settle-policy.js';
import type { WriteBehind } from './write-behind.js';

export interface AcceptParts {
  /** This boot of this server. */
  owner: string;
  store: FunctionStore;
  runs: RunRecords;
  dispatcher: Dispatcher;
  limits: QueueLimits;
  due: DueRuns;
  active: ActiveRuns;
  writeBehind: WriteBehind;
  counts: RunCounts;
  log: Logger;
  isDraining: () => boolean;
  policy: PreparePolicy & { maxQueuedTimeoutMs: number; leaseMs: number; maxQueuedRuns: number; keepIdempotencyMs: number };
}

/**
 * Takes a run to be carried out by any server: written first, begun or announced second. With a free place here it is
 * written as already claimed, and begins at once.
 * no-fake-accept: resolves after the record is durable. Rejects with refusals; nothing is kept then.
 */
export async function acceptRun(request: RunRequest, parts: AcceptParts): Promise<AcceptedRun> {
  if (parts.isDraining()) throw new LanewayError('shutting_down');
  const prepared = await prepareRun(request, parts.policy.maxQueuedTimeoutMs, parts);
  const { id } = prepared;
  // Of queued runs the records know, and whether it is the same request again.
  if (parts.active.get(id)?.mode === 'sync' || parts.writeBehind.get(id)) throw new LanewayError('run_id_in_use', { id });
  const run = newRun(prepared, parts);
  const line = { function: run.function, lane: run.lane };
  const askedAt = performance.now();
  const accepted = await acceptInPlace(run, line, parts);
  if (accepted.how === 'same') return { id: accepted.runId, isRepeated: true, prepared };
  parts.counts.accepted.queued += 1;
  parts.log.info(runFields(run), 'run accepted');
  if (accepted.how === 'running') beginStraight(run, { at: accepted.at, askedAt }, parts);
  else if (run.delayMs > 0) parts.due.expect(run.delayMs);
  else void parts.dispatcher.announce({ runId: id, fence: 1, priority: run.priority, ...line });
  return { id, isRepeated: false, prepared };
}

function beginStraight(run: NewQueuedRun, { at, askedAt }: { at: number; askedAt: number }, parts: AcceptParts): void {
  const { dispatcher, owner, policy } = parts;
  dispatcher.begin({ claimed: claimedStraight(run, at, { owner, leaseMs: policy.leaseMs }), askedAt });
}

/** With a place of this server when there is one; the place is given back unless the run begins in it. */
async function acceptInPlace(run: NewQueuedRun, line: Line, parts: AcceptParts): Promise<Accepted> {
  const { dispatcher, limits, owner, policy } = parts;
  const mayBegin = run.delayMs === 0 && limits.isUnlimited(line, run.keyId) && dispatcher.takePlace(line);
  if (!mayBegin) return parts.runs.accept(run);
  let begins = false;
  try {
    const accepted = await parts.runs.accept({ ...run, straight: { owner, leaseMs: policy.leaseMs } });
    begins = accepted.how === 'running';
    return accepted;
  } finally {
    if (!begins) dispatcher.givePlace(line);
  }
}

function newRun(prepared: PreparedRun, { limits, policy }: AcceptParts): NewQueuedRun {
  const { id, request, version, isolation, timeoutMs } = prepared;
  const wishes = request.queued ?? {};
  const line = { function: version.function, lane: version.lane };
  const caps = limits.queueCaps(line);
  return {
    id,
    source: request.source,
    executor: 'local',
    callerId: request.callerId,
    keyId: request.keyId,
    function: version.function,
    lane: version.lane,
    version: version.version,
    versionAsked: request.version,
    isolation,
    type: request.type,
    entryFile: request.entryFile,
    priority: wishes.priority ?? version.manifest.priority ?? 0,
    timeoutMs,
    policy: settlePolicy(version.manifest, wishes),
    traceparent: request.traceparent ?? null,
    redriveOf: wishes.redriveOf ?? null,
    scheduleId: wishes.scheduleId ?? null,
    invocation: request.invocation,
    payload: request.payload,
    delayMs: delayOf(wishes),
    expiresAfterMs: wishes.expiresAfterMs ?? version.manifest.expires_after_ms ?? limits.expiresAfterMs(line),
    idempotency: idempotencyOf(request, policy.keepIdempotencyMs),
    caps: { lane: caps.lane, function: caps.function, all: policy.maxQueuedRuns },
    straight: null,
  };
}

function delayOf({ delayMs, runAt }: QueuedWishes): number {
  return Math.max(0, runAt === undefined ? (delayMs ?? 0) : runAt - Date.now());
}

function idempotencyOf(request: RunRequest, keepMs: number): NewQueuedRun['idempotency'] {
  const { idempotencyKey: key, ...wishes } = request.queued ?? {};
  if (key === undefined) return null;
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) throw new LanewayError('idempotency_invalid');
  const { function: name, lane, version, type, entryFile, callerId, payload, timeoutMs } = request;
  const { parameters } = request.invocation;
  const asked = JSON.stringify([name, lane, version, type, entryFile, callerId, payload, timeoutMs, wishes, parameters]);
  return { scope: request.keyId ?? '', key, bodyHash: createHash('sha256').update(asked).digest('base64'), keepMs };
}
