import type { CallingConvention, LogStream } from '../contract/executor.js';

/**
 * What the server and a worker say to each other. A worker handles one run at a time; others may be sent ahead and lie ready.
 * `run` is the number the server gave a run on this worker, so that whatever comes late from an earlier one is told apart and
 * dropped.
 * Messages have at most one large field, `data`: in frames it travels as raw bytes beside the small rest.
 */
export type ToWorker =
  | LoadMessage
  | RunMessage
  | FetchMessage
  /** A piece of the request body of a fetch run. */
  | { type: 'body'; run: number; data: Uint8Array }
  /** The request body is over; `error` when it broke off. */
  | { type: 'body_end'; run: number; error: string | null }
  /** So many bytes of the response body were taken. */
  | { type: 'credit'; run: number; bytes: number }
  /** Runs that were sent ahead and are not begun are not to be begun: answered by `recalled`. */
  | { type: 'recall' }
  /** After a run that started children: nothing of them is left, the next run may begin. */
  | { type: 'go_on' }
  /** The run is unwanted: `signal` fires; what does not end by itself is killed. */
  | { type: 'cancel'; run: number; why: 'cancelled' | 'timeout' };

/** Makes a started worker one of a certain version. Comes once, before any run. */
export interface LoadMessage {
  type: 'load';
  function: string;
  lane: string;
  version: string;
  /** Absolute path of the unpacked version. */
  folder: string;
  /** Relative to `folder`. */
  file: string;
  handler: string | null;
  env: Record<string, string>;
  limits: WorkerLimits;
  /** What it may reach from a cell of its own. */
  network: 'none' | 'outbound';
}

/** Held inside so that the worker's memory stays bounded, and again outside because the inside is not trusted. */
export interface WorkerLimits {
  resultBytes: number;
  /** Of the log, and again of the stream of one run. */
  logBytes: number;
}

interface RunFacts {
  run: number;
  runId: string;
  callerId: string | null;
  attempt: number;
  traceparent: string | null;
  /** Epoch milliseconds. */
  deadline: number;
  headers: Record<string, string>;
  parameters: Readonly<Record<string, string>>;
}

export interface RunMessage extends RunFacts {
  type: 'run';
  /** Path of the request, for fetch functions that are run without an HTTP exchange. */
  url: string;
  /** The payload: JSON text, or null when there was none. */
  data: string | null;
}

export interface FetchMessage extends RunFacts {
  type: 'fetch';
  method: string;
  url: string;
  requestHeaders: readonly (readonly [string, string])[];
  hasBody: boolean;
}

export type FromWorker =
  | { type: 'ready' }
  | { type: 'loaded'; convention: CallingConvention }
  | { type: 'load_failed'; reason: 'bad_artifact' | 'function_error'; message: string }
  | { type: 'log'; run: number; stream: LogStream; data: string }
  | { type: 'progress'; run: number; fraction: number; message: string }
  /** JSON text of one streamed value. */
  | { type: 'chunk'; run: number; data: string }
  | { type: 'head'; run: number; status: number; headers: [string, string][] }
  | { type: 'body'; run: number; data: Uint8Array }
  | { type: 'credit'; run: number; bytes: number }
  /**
   * The run is over. JSON text; null after a fetch exchange. `children`: it started processes that may still be there, and the
   * worker begins no other run until it is told to go on.
   */
  | {
      type: 'result';
      run: number;
      data: string | null;
      children: boolean;
      /** In the function, where it is measured. */ ms?: number;
    }
  | { type: 'failed'; run: number; reason: 'function_error' | 'result_too_large'; message: string; children: boolean }
  /** The last so many of the runs that were sent will not be begun. Unasked only from a tainted worker. */
  | { type: 'recalled'; runs: number }
  /** Something of an earlier run broke: this worker must not be used again, and begins no run any more. */
  | { type: 'tainted' };

/** Bytes of a fetch body that may be on their way in one direction. */
export const bodyWindow = 256 * 1024;
/** How much more than the limits a worker may say before it is taken for hostile. */
export const messageSlack = 64 * 1024;
