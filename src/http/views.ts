import type { KeyView } from '../contract/api/keys.js';
import type { LaneState, VersionView } from '../contract/api/functions.js';
import type { RunView } from '../contract/api/runs.js';
import type { LimitView } from '../contract/api/limits.js';
import type { QueueLimit } from '../contract/limits.js';
import type { KeyRecord, RunRecord, RunTimings, VersionNumber } from '../contract/records.js';
import type { RetryPolicy } from '../contract/run-policy.js';
import type { MovedLane, PublishedVersion } from '../contract/store.js';
import type { Warmed } from '../contract/warm.js';
import { queuedMsOf } from '../runs/ended-attempt.js';

/** What the records hold, as the native API writes it: snake_case and RFC 3339 times. */
export function runView(run: RunRecord): RunView {
  return {
    id: run.id,
    mode: run.mode,
    source: run.source,
    caller_id: run.callerId,
    key_id: run.keyId,
    function: run.function,
    lane: run.lane,
    version: run.version,
    version_asked: run.versionAsked,
    executor: run.executor,
    isolation: run.isolation,
    type: run.type,
    state: run.state,
    reason: run.reason,
    message: run.message,
    exit_code: run.exitCode,
    attempt: run.attempt,
    failures: run.failures,
    server_deaths: run.deaths,
    priority: run.priority,
    timeout_ms: run.timeoutMs,
    created_at: time(run.createdAt),
    due_at: time(run.dueAt),
    expires_at: timeOrNull(run.expiresAt),
    started_at: timeOrNull(run.startedAt),
    ended_at: timeOrNull(run.endedAt),
    payload_bytes: run.payloadBytes,
    result_bytes: run.resultBytes,
    timings: run.timings && timingsView(run, run.timings),
    retries: retriesView(run.policy?.retry ?? null),
    on_success: run.policy?.onSuccess ?? null,
    on_failure: run.policy?.onFailure ?? null,
    delivery: run.delivery,
    dead_letter: run.deadAt !== null,
    redrive_of: run.redriveOf,
    redriven_as: run.redrivenAs,
    schedule_id: run.scheduleId,
    traceparent: run.traceparent,
  };
}

/** What lies between the pieces that were measured follows from the times in the record. */
function timingsView(run: RunRecord, { cold, fetchMs, waitMs, startMs, runMs }: RunTimings): RunView['timings'] {
  const { startedAt, endedAt, mode } = run;
  const measured = fetchMs + waitMs + startMs + runMs;
  return {
    queued_ms: mode === 'queued' ? queuedMsOf(run) : 0,
    fetch_ms: fetchMs,
    wait_ms: waitMs,
    start_ms: startMs,
    run_ms: runMs,
    record_ms: mode === 'queued' && startedAt !== null && endedAt !== null ? rest(endedAt - startedAt, measured) : null,
    cold,
  };
}

function rest(whole: number, part: number): number {
  return Math.max(0, Math.round((whole - part) * 1000) / 1000);
}

function retriesView(retry: RetryPolicy | null): RunView['retries'] {
  if (retry === null) return null;
  const { attempts, backoff, delayMs, maxDelayMs, jitter, delaysMs, on } = retry;
  return {
    attempts,
    backoff,
    delay_ms: delayMs,
    max_delay_ms: maxDelayMs,
    jitter,
    ...(delaysMs === null ? {} : { delays_ms: [...delaysMs] }),
    on: [...on],
  };
}

export function limitView({ maxRunning, maxQueued, expiresAfterMs }: QueueLimit): LimitView {
  return { max_running: maxRunning, max_queued: maxQueued, expires_after_ms: expiresAfterMs };
}

export function versionView(version: PublishedVersion): VersionView {
  return {
    function: version.function,
    lane: version.lane,
    version: versionText(version),
    sha256: version.sha256,
    size_bytes: version.sizeBytes,
    type: version.type,
    manifest: version.manifest,
    pushed_at: time(version.pushedAt),
    pushed_by: version.pushedBy,
    promoted_from: version.promotedFrom,
    ...warmedView(version.warmed),
  };
}

export function laneState(lane: MovedLane): LaneState {
  return {
    lane: lane.lane,
    current: lane.current,
    pin: lane.pin && versionText(lane.pin),
    split: lane.split?.map((part) => ({ version: versionText(part), weight: part.weight })) ?? null,
    versions: lane.versions,
    ...warmedView(lane.warmed),
  };
}

function warmedView(warmed: Warmed | undefined): { warmed?: boolean; warm_problem?: string } {
  if (warmed === undefined) return {};
  return { warmed: warmed.loaded, ...(warmed.problem === null ? {} : { warm_problem: warmed.problem }) };
}

export function keyView(key: KeyRecord): KeyView {
  return {
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    functions: key.functions,
    lanes: key.lanes,
    expires_at: timeOrNull(key.expiresAt),
    rate_per_minute: key.ratePerMinute,
    max_concurrent: key.maxConcurrent,
    created_at: time(key.createdAt),
    created_by: key.createdBy,
    revoked_at: timeOrNull(key.revokedAt),
  };
}

export function versionText(version: VersionNumber): string {
  return `${version.major}.${version.minor}`;
}

export function time(at: number): string {
  return new Date(at).toISOString();
}

export function timeOrNull(at: number | null): string | null {
  return at === null ? null : time(at);
}
