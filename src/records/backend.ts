import type { Kysely } from 'kysely';
import type { Accepted, Claim, ClaimBy, Line, RunEvent } from '../contract/records.js';
import type { FailureReason, RunState } from '../contract/words.js';
import type { LanewayError } from '../errors.js';
import type { Dialect } from './dialect.js';
import type { KeptBody } from './run-bodies.js';
import type { AcceptedRow, RecordRow, SyncRow } from './run-row.js';
import type { Tables } from './tables.js';

/** What a database has to give; the queries of the tables stand on it and are the same for both. */
export interface Backend {
  dialect: Dialect;
  db: Kysely<Tables>;
  hot: HotOperations;
  largeBodies: LargeBodies;
  close(): Promise<void>;
}

/** Bodies too large for a row. A reference names one for ever; what no row refers to is swept some time after. */
export interface LargeBodies {
  /** Resolves with the reference when the text is durable. */
  keep(text: string): Promise<string>;
  read(reference: string): Promise<string>;
  remove(references: readonly string[]): Promise<void>;
}

/**
 * What happens for every run: prepared statements in group commits. Calls that wait at the same moment share a
 * transaction and are answered after its commit; one that fails does not fail the others.
 */
export interface HotOperations {
  accept(run: AcceptedRow): Promise<AcceptAnswer>;
  claim(claim: Claim, by: ClaimBy): Promise<ClaimedRow | 'limited' | null>;
  claimNext(line: Line, count: number, by: ClaimBy): Promise<{ runs: ClaimedRow[]; limited: boolean }>;
  renew(claims: readonly Claim[], leaseMs: number): Promise<('held' | 'cancel' | 'lost')[]>;
  /** Null when the claim is outdated; else what became of the run, and the references of large bodies no longer needed. */
  end(end: EndRow): Promise<EndAnswer>;
  /** Ids that were taken by other runs. */
  writeSync(runs: readonly SyncRow[]): Promise<string[]>;
  appendEvents(events: readonly RunEvent[]): Promise<void>;
}

export type AcceptAnswer = Accepted | Refusal;
export interface Refusal {
  how: 'refused';
  code: LanewayError['code'];
  details: LanewayError['details'];
}

export type EndAnswer = { state: RunState; dropped: string[] } | null;

export interface ClaimedRow {
  run: RecordRow;
  /** JSON */
  invocation: string | null;
  payload: KeptBody;
}

export interface EndRow {
  id: string;
  fence: number;
  /** `queued`: to be repeated. */
  state: RunState;
  retry_in_ms: number;
  reason: FailureReason | null;
  message: string | null;
  exit_code: number | null;
  /** JSON */
  timings: string | null;
  result_bytes: number;
  /** A small result is in the run's row, another beside it. */
  result: string | null;
  apart_result: string | null;
  result_kept_in: string | null;
}
