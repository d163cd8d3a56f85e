import type { KeyView } from '../contract/api/keys.js';
import type { LaneState, VersionView } from '../contract/api/functions.js';
import type { RunView } from '../contract/api/runs.js';
import type { KeyRecord, RunRecord, VersionNumber, VersionRecord } from '../contract/records.js';
import type { LaneView } from '../contract/store.js';

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
    timeout_ms: run.timeoutMs,
    created_at: time(run.createdAt),
    started_at: timeOrNull(run.startedAt),
    ended_at: timeOrNull(run.endedAt),
    payload_bytes: run.payloadBytes,
    result_bytes: run.resultBytes,
    timings: run.timings && {
      cold: run.timings.cold,
      wait_ms: run.timings.waitMs,
      start_ms: run.timings.startMs,
      run_ms: run.timings.runMs,
    },
  };
}

export function versionView(version: VersionRecord): VersionView {
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
  };
}

export function laneState(lane: LaneView): LaneState {
  return {
    lane: lane.lane,
    current: lane.current,
    pin: lane.pin && versionText(lane.pin),
    split: lane.split?.map((part) => ({ version: versionText(part), weight: part.weight })) ?? null,
    versions: lane.versions,
  };
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

function timeOrNull(at: number | null): string | null {
  return at === null ? null : time(at);
}
