import type { DeployedVersion, Entry } from '../contract/executor.js';
import type { KeptInvocation } from '../contract/records.js';
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
}

/** A request whose version, entry, isolation and time are decided: what is accepted or started. */
export interface PreparedRun {
  id: string;
  request: RunRequest;
  version: DeployedVersion;
  entry: Entry;
  isolation: Isolation;
  timeoutMs: number;
}
