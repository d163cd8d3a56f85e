import type { FailureReason, RunState } from '../contract/words.js';

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
