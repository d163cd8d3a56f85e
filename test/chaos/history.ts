import type { RunMode, RunState } from '../../src/contract/words.js';
import type { Order } from './functions.js';

/** Everything that is known of a run of the harness when it is over, from sources that are not the server's own word. */
export interface History {
  /** Every run that was asked for, by its id. */
  orders: ReadonlyMap<string, Order>;
  /** Ids of runs that the caller was told are accepted. */
  acknowledged: ReadonlySet<string>;
  /** Ids of runs that the caller asked to cancel, and of those that it was told are cancelled. */
  cancelAsked: ReadonlySet<string>;
  cancelTold: ReadonlySet<string>;
  /** As triggers of the harness saw them, in order. */
  moves: readonly Move[];
  runs: readonly RecordedRun[];
  /** By the server's own counters. */
  counted: Readonly<Record<string, number>>;
  results: ReadonlyMap<string, string>;
  events: readonly AttemptEvents[];
  /** As the functions noted it, in order. */
  executions: readonly Execution[];
  /** Worker processes that were killed, each of which had one run at most. */
  workersKilled: number;
  /** When a server or the database could not renew leases: then, and only then, may two attempts overlap. */
  outages: readonly Outage[];
  leaseMs: number;
}

/** A change of a run's row; `from` null is its insertion, `to` null its deletion. */
export interface Move {
  runId: string;
  mode: RunMode;
  from: RunState | null;
  to: RunState | null;
  fromFence: number | null;
  toFence: number | null;
}

export interface RecordedRun {
  id: string;
  mode: RunMode;
  /** The idempotency key of a run that was asked for with one. */
  callerId: string | null;
  state: RunState;
  reason: string | null;
  message: string | null;
  attempt: number;
}

/** The events of one attempt, summed up. */
export interface AttemptEvents {
  runId: string;
  attempt: number;
  count: number;
  firstSeq: number;
  lastSeq: number;
  /** Lines and streamed values. */
  said: number;
}

export interface Execution {
  runId: string;
  attempt: number;
  what: 'begin' | 'alive' | 'end';
  pid: number;
  /** Microseconds of the machine's monotonic clock. */
  at: number;
}

export interface Outage {
  what: string;
  /** Microseconds of the same clock. */
  from: number;
  until: number;
}

export const endStates: readonly RunState[] = ['succeeded', 'failed', 'cancelled', 'expired'];

/** Now, by the clock of executions and outages. */
export function machineTime(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
