import type { Kysely } from 'kysely';
import type { Claim, RunEvent } from '../contract/records.js';
import type { FailureReason, RunState } from '../contract/words.js';
import type { Dialect } from './dialect.js';
import type { KeptBody } from './large-bodies.js';
import type { AcceptedRow, SyncRow } from './run-row.js';
import type { RunRow, Tables } from './tables.js';

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
  /** False when the id is in use. */
  accept(run: AcceptedRow): Promise<boolean>;
  claim(claim: Claim, owner: string, leaseMs: number): Promise<ClaimedRow | null>;
  renew(claims: readonly Claim[], leaseMs: number): Promise<('held' | 'cancel' | 'lost')[]>;
  /** Null when the claim is outdated; else the references of large bodies that are no longer needed. */
  end(end: EndRow): Promise<string[] | null>;
  /** Ids that were taken by other runs. */
  writeSync(runs: readonly SyncRow[]): Promise<string[]>;
  appendEvents(events: readonly RunEvent[]): Promise<void>;
}

export interface ClaimedRow {
  run: RunRow;
  /** JSON */
  invocation: string | null;
  payload: KeptBody;
}

export interface EndRow {
  id: string;
  fence: number;
  state: RunState;
  reason: FailureReason | null;
  message: string | null;
  exit_code: number | null;
  /** JSON */
  timings: string | null;
  result_bytes: number;
  result: string | null;
  result_kept_in: string | null;
}
