import type { EndedSyncRun, IdempotencyClaim, NewQueuedRun, RunRecord, RunTimings } from '../contract/records.js';
import type { RunPolicy } from '../contract/run-policy.js';
import type { ClaimedRow } from './backend.js';
import type { ClaimedValues } from './steps/claim-runs.js';
import { endsToTell } from './run-ends.js';
import { bytesOf, isSmall, type KeptBody } from './run-bodies.js';
import type { RunRow } from './tables.js';

/** What an accepted run brings with it; the rest of its row is the same for all, or a time by the database's clock. */
export const acceptedColumns = [
  'id',
  'source',
  'executor',
  'caller_id',
  'key_id',
  'function',
  'lane',
  'version',
  'version_asked',
  'isolation',
  'type',
  'entry_file',
  'priority',
  'timeout_ms',
  'payload_bytes',
  'policy',
  'notify',
  'traceparent',
  'redrive_of',
  'schedule_id',
  'invocation',
  'payload',
  'bodies_apart',
] as const satisfies readonly (keyof RunRow)[];

export type AcceptedRow = Pick<RunRow, (typeof acceptedColumns)[number]> & {
  delay_ms: number;
  expires_after_ms: number | null;
  /** Of a run that is claimed at once, else null. */
  lease_owner: string | null;
  lease_ms: number | null;
  /** What is not in the row itself. */
  apart_invocation: string | null;
  apart_payload: string | null;
  payload_kept_in: string | null;
  idempotency: IdempotencyClaim | null;
  caps: NewQueuedRun['caps'];
};

export const syncColumns = [
  'id',
  'source',
  'executor',
  'caller_id',
  'key_id',
  'function',
  'lane',
  'version',
  'version_asked',
  'isolation',
  'type',
  'entry_file',
  'state',
  'reason',
  'message',
  'exit_code',
  'created_at',
  'started_at',
  'ended_at',
  'timeout_ms',
  'traceparent',
  'timings',
  'payload_bytes',
  'result_bytes',
  'payload',
  'result',
  'bodies_apart',
] as const satisfies readonly (keyof RunRow)[];

export type SyncRow = Pick<RunRow, (typeof syncColumns)[number]> & {
  apart_payload: string | null;
  payload_kept_in: string | null;
  apart_result: string | null;
  result_kept_in: string | null;
};

export const runColumns = [
  'id',
  'mode',
  'source',
  'executor',
  'caller_id',
  'key_id',
  'function',
  'lane',
  'version',
  'version_asked',
  'isolation',
  'type',
  'entry_file',
  'state',
  'reason',
  'message',
  'exit_code',
  'attempt',
  'fence',
  'priority',
  'due_at',
  'ready_at',
  'lease_until',
  'lease_owner',
  'deaths',
  'cancel_requested_at',
  'created_at',
  'started_at',
  'ended_at',
  'timeout_ms',
  'timings',
  'payload_bytes',
  'result_bytes',
  'failures',
  'policy',
  'expires_at',
  'traceparent',
  'redrive_of',
  'redriven_as',
  'schedule_id',
  'dead_at',
  'deliver_state',
  'deliver_attempts',
  'delivery_problem',
] as const satisfies readonly (keyof RunRow)[];
/** A row as readers want it, without bodies and what only statements need. */
export type RecordRow = Pick<RunRow, (typeof runColumns)[number]>;

/** The row of a run to accept. */
export function acceptedRow(run: NewQueuedRun, payload: KeptBody): AcceptedRow {
  const invocation = JSON.stringify(run.invocation);
  const inRow = payload.reference === null && isSmall(invocation, payload.text);
  // A delayed run waits for its time, whether there is a place for it now or not.
  const straight = run.delayMs > 0 ? null : run.straight;
  return {
    id: run.id,
    source: run.source,
    executor: run.executor,
    caller_id: run.callerId,
    key_id: run.keyId,
    function: run.function,
    lane: run.lane,
    version: run.version,
    version_asked: run.versionAsked,
    isolation: run.isolation,
    type: run.type,
    entry_file: run.entryFile,
    priority: run.priority,
    timeout_ms: run.timeoutMs,
    payload_bytes: bytesOf(run.payload),
    policy: run.policy === null ? null : JSON.stringify(run.policy),
    notify: (run.policy?.onSuccess ? endsToTell.success : 0) + (run.policy?.onFailure ? endsToTell.failure : 0),
    traceparent: run.traceparent,
    redrive_of: run.redriveOf,
    schedule_id: run.scheduleId,
    invocation: inRow ? invocation : null,
    payload: inRow ? payload.text : null,
    bodies_apart: inRow ? 0 : 1,
    delay_ms: run.delayMs,
    expires_after_ms: run.expiresAfterMs,
    lease_owner: straight?.owner ?? null,
    lease_ms: straight?.leaseMs ?? null,
    apart_invocation: inRow ? null : invocation,
    apart_payload: inRow ? null : payload.text,
    payload_kept_in: payload.reference,
    idempotency: run.idempotency,
    caps: run.caps,
  };
}

/** The row of a sync run that has ended. Written out, because spreading an object costs several times as much. */
export function syncRow(run: EndedSyncRun, payload: KeptBody, result: KeptBody): SyncRow {
  const inRow = payload.reference === null && result.reference === null && isSmall(payload.text, result.text);
  return {
    id: run.id,
    source: run.source,
    executor: run.executor,
    caller_id: run.callerId,
    key_id: run.keyId,
    function: run.function,
    lane: run.lane,
    version: run.version,
    version_asked: run.versionAsked,
    isolation: run.isolation,
    type: run.type,
    entry_file: run.entryFile,
    state: run.state,
    reason: run.reason,
    message: run.message,
    exit_code: run.exitCode,
    created_at: run.createdAt,
    started_at: run.startedAt,
    ended_at: run.endedAt,
    timeout_ms: run.timeoutMs,
    traceparent: run.traceparent,
    timings: timingsText(run.timings),
    payload_bytes: run.payloadBytes,
    result_bytes: run.resultBytes,
    payload: inRow ? payload.text : null,
    result: inRow ? result.text : null,
    bodies_apart: inRow ? 0 : 1,
    apart_payload: inRow ? null : payload.text,
    payload_kept_in: payload.reference,
    apart_result: inRow ? null : result.text,
    result_kept_in: result.reference,
  };
}

export function runFromRow(row: RecordRow): RunRecord {
  return {
    id: row.id,
    mode: row.mode,
    source: row.source,
    executor: row.executor,
    callerId: row.caller_id,
    keyId: row.key_id,
    function: row.function,
    lane: row.lane,
    version: row.version,
    versionAsked: row.version_asked,
    isolation: row.isolation,
    type: row.type,
    entryFile: row.entry_file,
    state: row.state,
    reason: row.reason,
    message: row.message,
    exitCode: row.exit_code,
    attempt: row.attempt,
    failures: row.failures,
    fence: row.fence,
    priority: row.priority,
    dueAt: row.due_at,
    readyAt: row.ready_at,
    leaseUntil: row.lease_until,
    leaseOwner: row.lease_owner,
    deaths: row.deaths,
    policy: row.policy === null ? null : (JSON.parse(row.policy) as RunPolicy),
    expiresAt: row.expires_at,
    traceparent: row.traceparent,
    redriveOf: row.redrive_of,
    redrivenAs: row.redriven_as,
    scheduleId: row.schedule_id,
    deadAt: row.dead_at,
    delivery:
      row.deliver_state === null
        ? null
        : { state: row.deliver_state, attempts: row.deliver_attempts, problem: row.delivery_problem },
    cancelRequestedAt: row.cancel_requested_at,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    timeoutMs: row.timeout_ms,
    timings: row.timings === null ? null : (JSON.parse(row.timings) as RunTimings),
    payloadBytes: row.payload_bytes,
    resultBytes: row.result_bytes,
  };
}

export function timingsText(timings: RunTimings | null): string | null {
  return timings === null ? null : JSON.stringify(timings);
}

/** From the values of a claim, in the order in which it gives them. */
export function toClaimedRow(values: ClaimedValues): ClaimedRow {
  const run = Object.fromEntries(runColumns.map((column, index) => [column, values[index]])) as unknown as RecordRow;
  const [invocation, text, reference] = values.slice(runColumns.length) as (string | null)[];
  return { run, invocation: invocation!, payload: { text: text!, reference: reference! } };
}
