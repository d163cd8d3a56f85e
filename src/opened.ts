import type { Logger } from 'pino';
import { messageOf } from './errors.js';

/** What was opened, in order, so that it is closed in reverse; one that fails to close does not keep the others open. */
export class Opened {
  readonly #closers: (() => unknown)[] = [];

  constructor(private readonly log: Logger) {}

  add<Part extends { close(): unknown }>(part: Part): Part {
    this.#closers.push(() => part.close());
    return part;
  }

  async closeAll(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close();
      } catch (error) {
        this.log.error({ err: error }, `a part did not close: ${messageOf(error)}`);
      }
    }
  }
}
