import type { FailureReason, RunMode, RunState } from '../contract/words.js';

/** A run as the native API tells it; only what a client reads. */
export interface RunAnswer {
  id: string;
  mode: RunMode;
  function: string;
  lane: string;
  version: string;
  state: RunState;
  reason: FailureReason | null;
  message: string | null;
  exit_code: number | null;
  attempt: number;
}

export interface VersionAnswer {
  function: string;
  lane: string;
  version: string;
  sha256: string;
  size_bytes: number;
}

export interface LaneAnswer {
  lane: string;
  current: string | null;
  pin: string | null;
  split: { version: string; weight: number }[] | null;
  versions: number;
}

/** What one event of a run says; `id` is `<attempt>.<seq>`. */
export type RunEventAnswer =
  | { id: string; kind: 'log'; stream: string; text: string }
  | { id: string; kind: 'chunk'; data: unknown }
  | { id: string; kind: 'progress'; fraction: number; message: string }
  | { id: string; kind: 'state'; state: RunState; reason: FailureReason | null; message: string | null };

/** Whether a run in this state changes no more. */
export function isEnd(state: RunState): boolean {
  return state !== 'queued' && state !== 'running';
}
