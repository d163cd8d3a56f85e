/** What SQLite keeps; everything else ends at the border. */
export type Value = string | number | null;

/** The operations of the records thread, and the order of the values each takes. */
export type Operation =
  /** sql, 1 when it changes nothing, parameters... */
  | 'query'
  /** The accepted columns, delay_ms, invocation, payload, payload_kept_in. */
  | 'accept'
  /** id, fence, owner, lease_ms */
  | 'claim'
  /** lease_ms, then id and fence of each */
  | 'renew'
  /** As `EndRow`. */
  | 'end'
  /** As `SyncRow`, one after the other. */
  | 'writeSync'
  /** As `RunEventRow`, one after the other. */
  | 'appendEvents';

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

/** Values of the run's columns, in order; then its invocation, payload and the reference of a large payload. */
export type ClaimAnswer = Value[] | null;
export type EndAnswer = string[] | null;
