import type { FetchMessage, FromWorker, RunMessage } from '../messages.js';

/** A worker's two ways: what it says, and the runs that lie ready for it. */
export interface Channel {
  /** What was sent before the worker ends, however it ends, arrives. */
  send(message: FromWorker): void;
  /** The next run, taken for good; null when there is none: `RunServer.serve` is called when there is one again. */
  takeNext(): RunMessage | FetchMessage | null;
}
