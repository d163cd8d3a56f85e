import type { DeployedVersion, Entry } from '../contract/executor.js';
import type { KeptInvocation } from '../contract/records.js';
import type { Destination, Retries } from '../contract/run-policy.js';
import type { Isolation } from '../contract/words.js';

/** What a way in asks for. Function and lane names are checked by the way in. */
export interface RunRequest {
  /** The caller's own id, canonical; a new one is made when absent. */
  id?: string;
  /** Which way in: `http`, `sharpfaas`, `hub`. */
  source: string;
  callerId: string | null;
  keyId: string | null;
  function: string;
  lane: string;
  /** As asked: nothing, `latest`, `N`, `N.M`. */
  version: string;
  /** SharpFaas's `dll` or `exe` when the caller said so. */
  type: 'dll' | 'exe' | null;
  entryFile: string | null;
  /** JSON text, unparsed. */
  payload: string | null;
  invocation: KeptInvocation;
  /** Asked by the caller; bounded by the limits. */
  timeoutMs?: number;
  /** W3C trace context of the caller. */
  traceparent?: string;
  /** What a queued run may be asked for besides; a sync run takes no notice. */
  queued?: QueuedWishes;
}

/** What is absent is as the manifest, the limits of the lane or the settings say. */
export interface QueuedWishes {
  /** Larger goes first among the runs of a lane; 0 by default. */
  priority?: number;
  /** Not to begin before so many milliseconds from now, or before a time (epoch milliseconds). */
  delayMs?: number;
  runAt?: number;
  /** Expires when it has not begun by then. */
  expiresAfterMs?: number;
  retries?: Retries;
  onSuccess?: Destination;
  onFailure?: Destination;
  /** Goes into the run's policy, see `RunPolicy.hops`. */
  hops?: number;
  /** Same key and same request: the same run. */
  idempotencyKey?: string;
  redriveOf?: string;
  scheduleId?: string;
}

/** A queued run that is durable. */
export interface AcceptedRun {
  id: string;
  /** It was accepted before, for an earlier request with the same idempotency key. */
  isRepeated: boolean;
  /** What this request was resolved to. */
  prepared: PreparedRun;
}

/** A request whose version, entry, isolation and time are decided: what is accepted or started. */
export interface PreparedRun {
  id: string;
  request: RunRequest;
  version: DeployedVersion;
  entry: Entry;
  isolation: Isolation;
  timeoutMs: number;
  /** Milliseconds until the version was on this server's disk; 0 when it was there. */
  fetchMs: number;
  /** Milliseconds until it was loaded, when somebody had to wait for that before the run could begin. */
  loadMs?: number;
}
