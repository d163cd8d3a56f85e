import type { EndedSyncRun, NewQueuedRun, RunRecord, RunTimings } from '../contract/records.js';
import { bytesOf, type KeptBody } from './large-bodies.js';
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
] as const satisfies readonly (keyof RunRow)[];

export type AcceptedRow = Pick<RunRow, (typeof acceptedColumns)[number]> & {
  delay_ms: number;
  invocation: string;
  payload: string | null;
  payload_kept_in: string | null;
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
  'timings',
  'payload_bytes',
  'result_bytes',
] as const satisfies readonly (keyof RunRow)[];

export type SyncRow = Pick<RunRow, (typeof syncColumns)[number]> & {
  payload: string | null;
  payload_kept_in: string | null;
  result: string | null;
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
  'announced_at',
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
] as const satisfies readonly (keyof RunRow)[];

/** The row of a run to accept. */
export function acceptedRow(run: NewQueuedRun, payload: KeptBody): AcceptedRow {
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
    delay_ms: run.delayMs,
    invocation: JSON.stringify(run.invocation),
    payload: payload.text,
    payload_kept_in: payload.reference,
  };
}

/** The row of a sync run that has ended. Written out, because spreading an object costs several times as much. */
export function syncRow(run: EndedSyncRun, payload: KeptBody, result: KeptBody): SyncRow {
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
    timings: timingsText(run.timings),
    payload_bytes: run.payloadBytes,
    result_bytes: run.resultBytes,
    payload: payload.text,
    payload_kept_in: payload.reference,
    result: result.text,
    result_kept_in: result.reference,
  };
}

export function runFromRow(row: RunRow): RunRecord {
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
    fence: row.fence,
    priority: row.priority,
    dueAt: row.due_at,
    announcedAt: row.announced_at,
    leaseUntil: row.lease_until,
    leaseOwner: row.lease_owner,
    deaths: row.deaths,
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
