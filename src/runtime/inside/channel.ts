import type { FromWorker } from '../messages.js';

/** The way from a worker to the server: what was sent before the worker ends, however it ends, arrives. */
export interface Channel {
  send(message: FromWorker): void;
}
