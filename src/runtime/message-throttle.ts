import type { Readable } from 'node:stream';

const burst = 500;
const windowMs = 20;

/**
 * Holds back a worker that says more than the server should listen to: after so many messages within a moment nothing more is
 * read from it for another moment. Then it waits at its descriptor, and not everybody else at the server.
 */
export class MessageThrottle {
  readonly #stream: Readable;
  #taken = 0;
  #since = 0;

  constructor(stream: Readable) {
    this.#stream = stream;
  }

  /** One more was taken. */
  count(): void {
    this.#taken += 1;
    if (this.#taken < burst) return;
    this.#taken = 0;
    const now = performance.now();
    if (now - this.#since < windowMs && !this.#stream.isPaused()) this.#pause();
    this.#since = now;
  }

  #pause(): void {
    this.#stream.pause();
    setTimeout(() => this.#stream.resume(), windowMs);
  }
}
