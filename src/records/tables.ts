import type { Generated } from 'kysely';
import type { RunEvent, RunRecord, VersionRecord } from '../contract/records.js';
import type { ScheduleRecord } from '../contract/schedules.js';
import type { FailureReason, Isolation, RunMode, RunState } from '../contract/words.js';

/** The tables as Kysely sees them. Times are epoch milliseconds; what is marked JSON is JSON text in both databases. */
export interface Tables {
  meta: { name: string; value: string };
  runs: RunRow;
  run_bodies: RunBodyRow;
  run_counts: RunCountsRow;
  idempotency: { scope: string; key: string; body_hash: string; run_id: string; expires_at: number };
  limits: LimitRow;
  run_events: RunEventRow;
  versions: VersionRow;
  names: { function_folded: string; lane_folded: string; name: string };
  lanes: { function: string; lane: string; /** JSON */ pin: string | null; /** JSON */ split: string | null; updated_at: number };
  keys: KeyRow;
  secrets: { name: string; sealed: string; updated_at: number };
  audit: AuditRow;
  schedules: ScheduleRow;
}

export interface RunRow {
  id: string;
  mode: RunMode;
  source: string;
  executor: RunRecord['executor'];
  caller_id: string | null;
  key_id: string | null;
  function: string;
  lane: string;
  version: string;
  version_asked: string;
  isolation: Isolation | null;
  type: string | null;
  entry_file: string | null;
  state: RunState;
  reason: FailureReason | null;
  message: string | null;
  exit_code: number | null;
  attempt: number;
  fence: number;
  priority: number;
  due_at: number;
  ready_at: number | null;
  lease_until: number | null;
  lease_owner: string | null;
  deaths: number;
  cancel_requested_at: number | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  timeout_ms: number;
  /** JSON */
  timings: string | null;
  payload_bytes: number;
  result_bytes: number;
  failures: number;
  /** JSON */
  policy: string | null;
  expires_at: number | null;
  traceparent: string | null;
  redrive_of: string | null;
  redriven_as: string | null;
  schedule_id: string | null;
  dead_at: number | null;
  /** Ends to tell: 1 success, 2 failure. */
  notify: number;
  deliver_at: number | null;
  deliver_state: 'pending' | 'delivered' | 'failed' | null;
  deliver_attempts: number;
  delivery_problem: string | null;
  /** JSON, as payload and result. What is small is here, the rest in `run_bodies`. */
  invocation: string | null;
  payload: string | null;
  result: string | null;
  /** 0: there is nothing in `run_bodies`. */
  bodies_apart: number;
}

/** A slot has a part of the counts: their sum counts. */
type RunCountsRow = { function: string; lane: string; slot: number } & Record<
  RunState | 'accepted' | 'forgotten' | 'dead',
  number
>;

interface LimitRow {
  function: string;
  /** '': all lanes together. */
  lane: string;
  max_running: number | null;
  max_queued: number | null;
  expires_after_ms: number | null;
  updated_at: number;
}

/** A payload (with the rest of its invocation) or a result that is not small. `kept_in` names where a large one is kept. */
interface RunBodyRow {
  run_id: string;
  kind: 'payload' | 'result';
  /** JSON */
  invocation: string | null;
  body: string | null;
  kept_in: string | null;
}

interface RunEventRow {
  run_id: string;
  attempt: number;
  seq: number;
  at: number;
  kind: RunEvent['kind'];
  stream: RunEvent['stream'];
  data: string;
}

export interface VersionRow {
  function: string;
  lane: string;
  major: number;
  minor: number;
  state: VersionRecord['state'];
  sha256: string | null;
  size_bytes: number | null;
  /** JSON */
  manifest: string | null;
  type: string | null;
  pushed_at: number;
  pushed_by: string | null;
  /** JSON */
  promoted_from: string | null;
  updated_at: number;
}

export interface KeyRow {
  id: string;
  hash: string;
  name: string;
  /** JSON */
  scopes: string;
  /** JSON */
  functions: string | null;
  /** JSON */
  lanes: string | null;
  expires_at: number | null;
  rate_per_minute: number | null;
  max_concurrent: number | null;
  created_at: number;
  created_by: string | null;
  revoked_at: number | null;
}

interface AuditRow {
  id: Generated<number>;
  at: number;
  key_id: string | null;
  action: string;
  target: string;
  /** JSON */
  details: string;
  address: string | null;
}

export interface ScheduleRow {
  id: string;
  name: string;
  function: string;
  lane: string;
  version: string;
  /** JSON */
  timing: string;
  payload: string | null;
  overlap: ScheduleRecord['overlap'];
  catch_up: ScheduleRecord['catchUp'];
  /** JSON */
  on_failure: string | null;
  origin: ScheduleRecord['origin'];
  key_id: string | null;
  paused_at: number | null;
  next_at: number | null;
  last_at: number | null;
  last_run_id: string | null;
  fired: number;
  skipped: number;
  last_problem: string | null;
  revision: number;
  created_at: number;
  updated_at: number;
}
