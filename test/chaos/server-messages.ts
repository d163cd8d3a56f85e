import type { Guard } from './break-guard.js';
import type { Arming } from './kill-at-step.js';

/** What a server of the harness is started with, as JSON in its first argument. */
export interface ServerStart {
  logFile: string;
  armed: Arming | null;
  brokenGuard: Guard | null;
}

export type ToServer = { type: 'arm'; arming: Arming | null } | { type: 'measure' };

export type FromServer = { type: 'listening'; url: string } | ({ type: 'measured' } & Measurement);

/** What a server says of itself, since it was last asked. */
export interface Measurement {
  rssBytes: number;
  heapBytes: number;
  /** Delay of the event loop as perf_hooks counts it: the 10 ms between two looks are in it. */
  loopDelayP99Ms: number;
  loopDelayMaxMs: number;
}
