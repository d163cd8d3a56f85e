import type { Manifest } from './manifest.js';
import type { LimitRecords } from './limits.js';
import type { RunEventRecords, RunRecords } from './run-records.js';
import type { ScheduleRecords } from './schedules.js';
import type { Scope } from './words.js';

export type * from './run-records.js';

/** Everything that must outlive the process. Two ways: SQLite (one process) and PostgreSQL (several servers). */
export interface Records {
  /** Made once per installation; Redis must carry the same. */
  readonly installationId: string;
  runs: RunRecords;
  events: RunEventRecords;
  limits: LimitRecords;
  versions: VersionRecords;
  lanes: LaneRecords;
  keys: KeyRecords;
  secrets: SecretRecords;
  audit: AuditRecords;
  schedules: ScheduleRecords;
  /** Rejects with the reason when nothing can be read or written now. */
  check(): Promise<void>;
  close(): Promise<void>;
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
  /** The number of every ready version, for the catalogue in memory. */
  allReady(): Promise<(VersionNumber & { function: string; lane: string })[]>;
  /** Lanes with a ready version that may want events: its manifest says so, or is not known yet. */
  lanesThatMayWantEvents(): Promise<{ function: string; lane: string }[]>;
  /** Lanes with a ready version whose manifest names warm workers, or is not known. */
  lanesThatMayBeWarm(): Promise<{ function: string; lane: string }[]>;
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
