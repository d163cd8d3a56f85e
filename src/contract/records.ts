import type { ColdReason, LogStream } from './executor.js';
import type { Manifest } from './manifest.js';
import type { Announcement } from './queue.js';
import type { FailureReason, Isolation, RunMode, RunState, Scope } from './words.js';

/** Everything that must outlive the process. Two ways: SQLite (one process) and PostgreSQL (several servers). */
export interface Records {
  /** Made once per installation; Redis must carry the same. */
  readonly installationId: string;
  runs: RunRecords;
  events: RunEventRecords;
  versions: VersionRecords;
  lanes: LaneRecords;
  keys: KeyRecords;
  secrets: SecretRecords;
  audit: AuditRecords;
  /** Rejects with the reason when nothing can be read or written now. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** All times are epoch milliseconds by the database's clock. */
export interface RunRecord {
  id: string;
  mode: RunMode;
  /** Which way in: `http`, `sharpfaas`, `hub`... */
  source: string;
  executor: 'local' | 'engine' | 'virtual' | 'sandbox';
  callerId: string | null;
  keyId: string | null;
  function: string;
  lane: string;
  /** What it was resolved to when it was accepted, and what was asked for. */
  version: string;
  versionAsked: string;
  isolation: Isolation | null;
  /** SharpFaas's `dll` or `exe`, as asked. */
  type: string | null;
  /** The entry file a caller named, else null. */
  entryFile: string | null;
  state: RunState;
  reason: FailureReason | null;
  message: string | null;
  exitCode: number | null;
  /** Attempts begun so far; the one under way when `running`. */
  attempt: number;
  /** Grows by one each time the run is claimed or announced again. */
  fence: number;
  priority: number;
  /** Not before this time. */
  dueAt: number;
  announcedAt: number | null;
  leaseUntil: number | null;
  leaseOwner: string | null;
  /** How often a server died while it carried this run out. */
  deaths: number;
  cancelRequestedAt: number | null;
  createdAt: number;
  /** When the latest attempt began. */
  startedAt: number | null;
  endedAt: number | null;
  timeoutMs: number;
  timings: RunTimings | null;
  payloadBytes: number;
  resultBytes: number;
}

export interface RunTimings {
  cold: ColdReason | null;
  waitMs: number;
  startMs: number;
  runMs: number;
}

/** What only the function sees, kept while a queued run is open. */
export interface KeptInvocation {
  url: string;
  headers: Readonly<Record<string, string>>;
  parameters: Readonly<Record<string, string>>;
}

export type NewQueuedRun = Pick<
  RunRecord,
  | 'id'
  | 'source'
  | 'executor'
  | 'callerId'
  | 'keyId'
  | 'function'
  | 'lane'
  | 'version'
  | 'versionAsked'
  | 'isolation'
  | 'type'
  | 'entryFile'
  | 'priority'
  | 'timeoutMs'
> & { invocation: KeptInvocation; payload: string | null; /** From now; 0 is at once. */ delayMs: number };

/** A sync run, written after its answer. */
export type EndedSyncRun = Pick<
  RunRecord,
  | 'id'
  | 'source'
  | 'executor'
  | 'callerId'
  | 'keyId'
  | 'function'
  | 'lane'
  | 'version'
  | 'versionAsked'
  | 'isolation'
  | 'type'
  | 'entryFile'
  | 'state'
  | 'reason'
  | 'message'
  | 'exitCode'
  | 'createdAt'
  | 'startedAt'
  | 'endedAt'
  | 'timeoutMs'
  | 'timings'
  | 'payloadBytes'
  | 'resultBytes'
> & { /** Kept only when it did not succeed. */ payload: string | null; result: string | null };

export interface ClaimedRun {
  run: RunRecord;
  invocation: KeptInvocation;
  payload: string | null;
}

export interface Claim {
  runId: string;
  fence: number;
}

export type RunEnd =
  | { state: 'succeeded'; result: string | null; timings: RunTimings | null }
  | { state: 'failed'; reason: FailureReason; message: string; exitCode: number | null; timings: RunTimings | null }
  | { state: 'cancelled' | 'expired'; message: string | null; timings: RunTimings | null };

export interface RunFilter {
  function?: string;
  lane?: string;
  version?: string;
  callerId?: string;
  mode?: RunMode;
  states?: readonly RunState[];
  /** `createdAt` bounds, epoch milliseconds. */
  createdFrom?: number;
  createdUntil?: number;
  /** `endedAt` at or after, open runs included; of the ended ones at most the latest 20,000 are looked through. */
  openOrEndedFrom?: number;
  source?: string;
}

export interface RunRecords {
  /**
   * no-fake-accept: resolves when the run is durable. Rejects with `run_id_in_use`. It counts as announced with fence 1;
   * a delayed one as never announced, so that `unclaimed` finds it as soon as it is due.
   */
  accept(run: NewQueuedRun): Promise<void>;
  /** queued -> running, compare-and-set on the fence; null when the announcement is outdated, not due or cancelled. */
  claim(claim: Claim, owner: string, leaseMs: number): Promise<ClaimedRun | null>;
  /** Lengthens leases; tells per claim whether it is still held and whether a cancel was asked for. */
  renew(claims: readonly Claim[], leaseMs: number): Promise<('held' | 'cancel' | 'lost')[]>;
  /** no-double-end: false when another attempt or end was faster; the end is then dropped. */
  end(claim: Claim, end: RunEnd): Promise<boolean>;
  /**
   * Gives a claimed run back, to be announced again at once (a draining server); false when it was not held.
   * One that is to be cancelled ends `cancelled` instead.
   */
  handBack(claim: Claim): Promise<boolean>;
  /** Many rows a transaction; a row whose id another run has is skipped and its id returned. Writing a row again is no collision. */
  writeSync(runs: readonly EndedSyncRun[]): Promise<string[]>;
  get(id: string): Promise<RunRecord | null>;
  /** Newest first. `after` is the id and createdAt of the last row seen. */
  list(filter: RunFilter, limit: number, after: { createdAt: number; id: string } | null): Promise<RunRecord[]>;
  /** JSON text, or null when there is none (any more). */
  payload(id: string): Promise<string | null>;
  result(id: string): Promise<string | null>;
  /** queued -> cancelled at once; running: noted for its owner. */
  requestCancel(id: string): Promise<'cancelled' | 'requested' | 'ended' | 'unknown'>;
  /** Due queued runs announced before `announcedBefore` (epoch ms) or never, oldest due first, after the given place. */
  unclaimed(
    announcedBefore: number,
    limit: number,
    after: { dueAt: number; id: string } | null,
  ): Promise<(Announcement & { dueAt: number })[]>;
  /** Fence + 1 for each that still stands at its fence; returns what is to be announced now. */
  announceAgain(claims: readonly Claim[]): Promise<Announcement[]>;
  /**
   * Running runs whose lease ended (or that belong to another boot, when `allOthersOf` names the only living owner):
   * back to queued, ended `cancelled` where that was asked for, or `worker_lost` at the third death. Returns what is to be announced, and what ended.
   */
  recoverLost(limit: number, allOthersOf: string | null): Promise<{ announce: Announcement[]; ended: string[] }>;
  /** Open runs that need this version, for the refusal of its deletion. */
  countOpen(functionName: string, lane: string, version: string): Promise<number>;
  /** Counted in the same transaction as the state, since the records began: forgetting an ended run moves nothing. */
  countByState(): Promise<Record<RunState, number>>;
  /** Deletes at most `limit` ended runs (with their events and payloads) that ended before the time; returns how many. */
  forget(endedBefore: number, limit: number): Promise<number>;
  /** The database's clock, epoch milliseconds. */
  now(): Promise<number>;
}

/** Ordered by (attempt, seq) within a run; seq starts at 1 in each attempt. */
export interface RunEvent {
  runId: string;
  attempt: number;
  seq: number;
  at: number;
  kind: 'log' | 'chunk' | 'progress' | 'state';
  /** Only for `log`. */
  stream: LogStream | null;
  /** Log text, JSON text of a chunk, `{"fraction","message"}`, or `{"state","reason","message"}`. */
  data: string;
}

export interface RunEventRecords {
  /** One transaction; an event that is already there is skipped. */
  append(events: readonly RunEvent[]): Promise<void>;
  read(runId: string, after: { attempt: number; seq: number } | null, limit: number): Promise<RunEvent[]>;
}

export type PromotedFrom = { lane: string; version: string };

export interface VersionRecord {
  function: string;
  lane: string;
  major: number;
  minor: number;
  /** `reserved`: a push is under way or was given up; `deleted` numbers stay, so that they are never used again. */
  state: 'reserved' | 'ready' | 'deleted';
  /** null for a version found in an older store and not looked at yet. */
  sha256: string | null;
  sizeBytes: number | null;
  manifest: Manifest | null;
  type: string | null;
  pushedAt: number;
  pushedBy: string | null;
  promotedFrom: PromotedFrom | null;
  updatedAt: number;
}
export type VersionNumber = { major: number; minor: number };
export type VersionDetails = Pick<VersionRecord, 'sha256' | 'sizeBytes' | 'manifest' | 'type' | 'pushedBy' | 'promotedFrom'>;

export interface VersionRecords {
  /**
   * immutable-version: takes the next number of the lane and writes it `reserved`; no other caller ever gets the same.
   * Next after the highest of what is recorded and `highestSeen`. Rejects with `function_name_case` when the name differs
   * only in case from an existing function, or a lane from an existing lane of that function.
   */
  reserve(functionName: string, lane: string, newMajor: boolean, highestSeen: VersionNumber | null): Promise<VersionNumber>;
  ready(functionName: string, lane: string, version: VersionNumber, details: VersionDetails): Promise<void>;
  /** `ready` or `reserved` -> `deleted`; false when it was neither. */
  remove(functionName: string, lane: string, version: VersionNumber): Promise<boolean>;
  /** Versions found in the store and not recorded: `ready`, unless the number is known already. */
  adopt(
    found: readonly (VersionNumber & { function: string; lane: string; details: Partial<VersionDetails>; pushedAt?: number })[],
  ): Promise<void>;
  /** Ready and reserved and deleted ones of one lane. */
  ofLane(functionName: string, lane: string): Promise<VersionRecord[]>;
  /** Every ready version, for the catalogue in memory. */
  allReady(): Promise<VersionRecord[]>;
  /** Lanes with a version or lane row changed in the last `ms` by the database's clock. */
  changedWithin(ms: number): Promise<{ function: string; lane: string }[]>;
}

export interface LaneRecord {
  function: string;
  lane: string;
  pin: VersionNumber | null;
  /** Weights are whole numbers of percent that add up to 100. */
  split: (VersionNumber & { weight: number })[] | null;
  updatedAt: number;
}
export interface LaneRecords {
  all(): Promise<LaneRecord[]>;
  get(functionName: string, lane: string): Promise<LaneRecord | null>;
  /** A pin removes the split and the other way round. */
  set(functionName: string, lane: string, pin: LaneRecord['pin'], split: LaneRecord['split']): Promise<void>;
}

export interface KeyRecord {
  id: string;
  /** SHA-256 of the secret half, hex. */
  hash: string;
  name: string;
  scopes: Scope[];
  /** null: all. */
  functions: string[] | null;
  lanes: string[] | null;
  expiresAt: number | null;
  ratePerMinute: number | null;
  maxConcurrent: number | null;
  createdAt: number;
  createdBy: string | null;
  revokedAt: number | null;
}
export interface KeyRecords {
  insert(key: KeyRecord): Promise<void>;
  /** False when unknown or revoked before. */
  revoke(id: string, at: number): Promise<boolean>;
  all(): Promise<KeyRecord[]>;
}

export interface SecretRecords {
  /** `sealed` is AES-256-GCM text made by access/. */
  set(name: string, sealed: string): Promise<void>;
  remove(name: string): Promise<boolean>;
  all(): Promise<{ name: string; sealed: string; updatedAt: number }[]>;
}

export interface AuditEntry {
  id: number;
  at: number;
  keyId: string | null;
  /** `version.push`, `key.create`... */
  action: string;
  /** What it was done to. */
  target: string;
  details: Record<string, unknown>;
  address: string | null;
}
export interface AuditRecords {
  append(entry: Omit<AuditEntry, 'id'>): Promise<void>;
  /** Newest first; `before` is an id. */
  list(limit: number, before: number | null): Promise<AuditEntry[]>;
}
