import type { Guard } from './break-guard.js';
import type { Arming } from './kill-at-step.js';

/** What a server of the harness is started with, as JSON in its first argument. */
export interface ServerStart {
  logFile: string;
  /** Stalls of the event loop from here on are told. */
  tellStallsMs: number;
  armed: Arming | null;
  brokenGuard: Guard | null;
}

export type ToServer = { type: 'arm'; arming: Arming | null } | { type: 'measure' };

export type FromServer =
  | { type: 'listening'; url: string }
  /** Its event loop stood still for so many milliseconds until now. */
  | { type: 'stalled'; ms: number }
  | ({ type: 'measured' } & Measurement);

/** What a server says of itself, since it was last asked. */
export interface Measurement {
  rssBytes: number;
  heapBytes: number;
  /** Delay of the event loop as perf_hooks counts it: the 10 ms between two looks are in it. */
  loopDelayP99Ms: number;
  loopDelayMaxMs: number;
}
