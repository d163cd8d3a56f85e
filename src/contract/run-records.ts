import type { ColdReason, LogStream } from './executor.js';
import type { RunPolicy } from './run-policy.js';
import type { FailureReason, Isolation, RunMode, RunState } from './words.js';

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
  /** Attempts that failed and were repeated (`end` as `queued`); servers that died or closed do not count. */
  failures: number;
  /** Grows by one each time the run is claimed or taken back. */
  fence: number;
  priority: number;
  /** Not before this time. */
  dueAt: number;
  /** Since when it may be claimed; null as long as it is delayed. A clock that jumps does not take that back. */
  readyAt: number | null;
  leaseUntil: number | null;
  leaseOwner: string | null;
  /** How often a server died while it carried this run out. */
  deaths: number;
  /** Null: attempted once, nobody is told of the end. */
  policy: RunPolicy | null;
  /** A queued run that has not begun its first or next attempt by then ends `expired`. */
  expiresAt: number | null;
  /** W3C trace context of the caller. */
  traceparent: string | null;
  /** The dead letter that this run starts anew, and the run that was started from this one. */
  redriveOf: string | null;
  redrivenAs: string | null;
  /** The schedule that fired it. */
  scheduleId: string | null;
  /** Since when it is a dead letter: a queued run that failed or expired, and was neither redriven nor purged. */
  deadAt: number | null;
  /** Null when its end is to be told to nobody. */
  delivery: Delivery | null;
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

/** How far the end of a run has been told to its destination. */
export interface Delivery {
  state: 'pending' | 'delivered' | 'failed';
  attempts: number;
  problem: string | null;
}

/** Of the latest attempt, in milliseconds. */
export interface RunTimings {
  cold: ColdReason | null;
  /** Until the version was on this server's disk. */
  fetchMs: number;
  /** Until there was a worker, until that had loaded the version, and in the function. */
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

/** What every run has from the moment it is asked for. */
type AskedFields =
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
  | 'timeoutMs'
  | 'traceparent';

export interface NewQueuedRun extends Pick<RunRecord, AskedFields | 'priority' | 'policy' | 'redriveOf' | 'scheduleId'> {
  invocation: KeptInvocation;
  payload: string | null;
  /** From now; 0 is at once. */
  delayMs: number;
  /** From now; null is never. */
  expiresAfterMs: number | null;
  idempotency: IdempotencyClaim | null;
  /** bounded: the run is refused with `queue_full` when so many are queued already. */
  caps: { lane: number | null; function: number | null; all: number | null };
  /** A place is free on this server: it is accepted as `running`, claimed by this owner, and need not be announced. */
  straight: { owner: string; leaseMs: number } | null;
}

/** The caller's word that a request with this key and body is the same one. */
export interface IdempotencyClaim {
  /** Whose keys these are: a key's id, or nothing for callers without one. */
  scope: string;
  key: string;
  /** Of all that was asked for. */
  bodyHash: string;
  keepMs: number;
}

/** `at` is when it was accepted; `same`: an earlier request with the same idempotency key started this run. */
export type Accepted = { how: 'queued' | 'running'; at: number } | { how: 'same'; runId: string };

/** As little as tells whether there is anything new of a run. */
export interface RunStanding {
  id: string;
  ended: boolean;
  /** The place of the last thing it said; null when it said nothing, or that was forgotten. */
  lastEvent: { attempt: number; seq: number } | null;
}

/** A sync run, written after its answer. */
export type EndedSyncRun = Pick<
  RunRecord,
  | AskedFields
  | 'state'
  | 'reason'
  | 'message'
  | 'exitCode'
  | 'createdAt'
  | 'startedAt'
  | 'endedAt'
  | 'timings'
  | 'payloadBytes'
  | 'resultBytes'
> & { /** Kept only when it did not succeed. */ payload: string | null; result: string | null };

export interface ClaimedRun {
  run: RunRecord;
  invocation: KeptInvocation;
  /** Null for one above 256 KiB too: that is read by `payload`, when there is room for it. */
  payload: string | null;
}

/** The queued runs of one lane of a function: they wait for each other, and for nobody else. */
export interface Line {
  function: string;
  lane: string;
}

export interface Claim {
  runId: string;
  fence: number;
}

/** Runs carried out at the same time, on all servers; a null is no limit. */
export interface RunningLimits {
  function: number | null;
  lane: number | null;
  /** Of the keys that have one. */
  keys: readonly { id: string; max: number }[];
}

export interface ClaimBy {
  /** A boot of a server. */
  owner: string;
  leaseMs: number;
  /** Null when nothing limits the run: that is checked faster. */
  limits: RunningLimits | null;
}

/** A running run whose lease has ended. */
export interface LostClaim extends Claim {
  leaseUntil: number;
}

export type RunEnd =
  /** A failed attempt that is to be repeated: back to `queued`, due after so many milliseconds. */
  | {
      state: 'queued';
      retryInMs: number;
      reason: FailureReason;
      message: string;
      exitCode: number | null;
      timings: RunTimings | null;
    }
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
  scheduleId?: string;
  /** Dead letters only. */
  dead?: boolean;
}

/** Runs of one lane, counted since the records began; forgetting an ended run moves nothing. */
export type LineCounts = Line & StateCounts;
export type StateCounts = Record<RunState | 'accepted', number>;

export interface RunRecords {
  /**
   * no-fake-accept: resolves when the run is durable. Rejects with `run_id_in_use`, `queue_full`, `idempotency_conflict`,
   * or `not_dead_letter` when the run it redrives is none (any more). Its fence is 1; one without delay is ready at once.
   */
  accept(run: NewQueuedRun): Promise<Accepted>;
  /**
   * queued -> running, compare-and-set on the fence; null when the announcement is outdated, the run not ready, expired or
   * cancelled, `limited` when as many as may are running.
   */
  claim(claim: Claim, by: ClaimBy): Promise<ClaimedRun | 'limited' | null>;
  /**
   * As `claim`, for the first ready runs of a line, at most `count`: by priority, then by due time. Fewer than asked for and
   * not `limited`: there are no more now.
   */
  claimNext(line: Line, count: number, by: ClaimBy): Promise<{ runs: ClaimedRun[]; limited: boolean }>;
  /** Lengthens leases; tells per claim whether it is still held and whether a cancel was asked for. */
  renew(claims: readonly Claim[], leaseMs: number): Promise<('held' | 'cancel' | 'lost')[]>;
  /**
   * no-double-end: null when another attempt or end was faster; the end is then dropped. Else what the run is now: a retry
   * becomes `cancelled` when that was asked for, and `failed` when it could not begin before it expires.
   */
  end(claim: Claim, end: RunEnd): Promise<RunState | null>;
  /**
   * Gives a claimed run back, ready at once (a draining server); false when it was not held.
   * One that is to be cancelled ends `cancelled` instead.
   */
  handBack(claim: Claim): Promise<boolean>;
  /** Many rows a transaction; a row whose id another run has is skipped and its id returned. Writing a row again is no collision. */
  writeSync(runs: readonly EndedSyncRun[]): Promise<string[]>;
  get(id: string): Promise<RunRecord | null>;
  /** Newest first. `after` is the id and createdAt of the last row seen. */
  list(filter: RunFilter, limit: number, after: { createdAt: number; id: string } | null): Promise<RunRecord[]>;
  /** How far runs have come that somebody waits for, many in one look; a run that is not there is left out. */
  howFar(ids: readonly string[]): Promise<RunStanding[]>;
  /** JSON text, or null when there is none (any more). */
  payload(id: string): Promise<string | null>;
  result(id: string): Promise<string | null>;
  /** What a run that was not carried out well was given, for another one like it; null when it is not kept (any more). */
  kept(id: string): Promise<{ invocation: KeptInvocation; payload: string | null } | null>;
  /** queued -> cancelled at once; running: noted for its owner. */
  requestCancel(id: string): Promise<'cancelled' | 'requested' | 'ended' | 'unknown'>;
  /** Makes delayed runs whose time has come ready, at most `limit`; returns how many, and of which lines. */
  release(limit: number): Promise<{ released: number; lines: Line[] }>;
  /** Milliseconds until the first delayed run is due, 0 when one is; null when there is none. */
  nextDue(): Promise<number | null>;
  /** Lines that may have ready runs: those with queued runs, by the counts. */
  linesInQueue(): Promise<Line[]>;
  /** Running runs whose lease ended, or (`allOthersOf` names the only owner that can be alive) that belong to another owner. */
  lost(limit: number, allOthersOf: string | null): Promise<LostClaim[]>;
  /**
   * Takes back what still stands as it was seen: back to queued, ended `cancelled` where that was asked for, or
   * `worker_lost` at the third death. Returns the lines of those that are ready again, and what ended.
   */
  recoverLost(claims: readonly LostClaim[]): Promise<{ recovered: number; lines: Line[]; ended: string[] }>;
  /** Ends queued runs whose time to begin is over; returns their ids. */
  expire(limit: number): Promise<string[]>;
  /** Open runs that need this version, for the refusal of its deletion. */
  countOpen(functionName: string, lane: string, version: string): Promise<number>;
  /** conservation: counted in the same transaction as the state; accepted = the sum of the states. */
  countByState(): Promise<StateCounts>;
  countByLine(): Promise<LineCounts[]>;
  /** Dead letters by function and lane. */
  countDead(): Promise<(Line & { runs: number })[]>;
  /** They are dead letters no longer and lose their payload; returns how many were some. */
  purgeDead(ids: readonly string[]): Promise<number>;
  /**
   * Takes runs whose end is to be told and is due, for `forMs`: nobody else gets them before. `delivery.attempts` counts this one.
   */
  takeDeliveries(limit: number, forMs: number): Promise<RunRecord[]>;
  /** Milliseconds until the first delivery is due, 0 when one is; null when there is none. */
  nextDelivery(): Promise<number | null>;
  /** What came of the given attempt: told, or not because of a problem, to be tried again or given up (null). */
  settleDelivery(id: string, attempt: number, outcome: { problem: string | null; retryInMs: number | null }): Promise<void>;
  /**
   * Deletes at most `limit` ended runs with their events and bodies: those that ended before a time (epoch ms), dead letters
   * before another, and the oldest beyond `keepAtMost`. Returns how many.
   */
  forget(what: { endedBefore: number; deadBefore: number; keepAtMost: number | null }, limit: number): Promise<number>;
  /** Deletes the events of at most `limit` runs that ended before the time; returns of how many. */
  forgetLogs(endedBefore: number, limit: number): Promise<number>;
  /** Deletes idempotency keys whose time is over, at most `limit`; returns how many. */
  forgetIdempotency(limit: number): Promise<number>;
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
  /** Log text, JSON text of a chunk, `{"fraction","message"}`, or `{"state":"queued","reason","message","retry_in_ms"}` after a failed attempt. */
  data: string;
}

export interface RunEventRecords {
  /** One transaction; an event that is already there is skipped. */
  append(events: readonly RunEvent[]): Promise<void>;
  read(runId: string, after: { attempt: number; seq: number } | null, limit: number): Promise<RunEvent[]>;
}
