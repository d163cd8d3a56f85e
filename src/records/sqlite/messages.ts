import type { ClaimedValues } from '../steps/claim-runs.js';
import type { Value } from '../steps/steps.js';

export type { Value };

/** The operations of the records thread, and the order of the values each takes. */
export type Operation =
  /** sql, 1 when it changes nothing, parameters... */
  | 'query'
  /** The accepted columns, then `acceptedMore`. */
  | 'accept'
  /** id, fence, owner, lease_ms, limits as JSON text or null */
  | 'claim'
  /** function, lane, count, owner, lease_ms, limits as JSON text or null */
  | 'claimNext'
  /** lease_ms, then id and fence of each */
  | 'renew'
  /** As `EndRow`. */
  | 'end'
  /** As `packSyncRows` gives them. */
  | 'writeSync'
  /** As `RunEventRow`, one after the other. */
  | 'appendEvents';

/** What is said of a run to accept beside its columns, in order. */
export type AcceptedMore = readonly [
  delayMs: number,
  expiresAfterMs: number | null,
  leaseOwner: string | null,
  leaseMs: number | null,
  apartInvocation: string | null,
  apartPayload: string | null,
  payloadKeptIn: string | null,
  laneCap: number | null,
  functionCap: number | null,
  allCap: number | null,
  /** Null: no idempotency key, then the other three are null too. */
  scope: string | null,
  key: string | null,
  bodyHash: string | null,
  keepMs: number | null,
];

/** Flat, because a copy from thread to thread costs by the object. */
export type Call = readonly [operation: Operation, values: readonly unknown[]];

/** Calls of one turn of the event loop, or the last message of all. */
export type Request = { id: number; calls: readonly Call[] } | 'close';

/** Answers in the order of the calls; those that failed are told apart by their index. */
export interface Reply {
  id: number;
  answers: unknown[];
  failures: { index: number; code: string; message: string }[];
}

export interface QueryAnswer {
  columns: string[];
  rows: Value[][];
  changes: number;
}

export type ClaimAnswer = ClaimedValues | 'limited' | null;
export type ClaimNextAnswer = { runs: ClaimedValues[]; limited: boolean };
