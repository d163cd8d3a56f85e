import type { Logger } from 'pino';
import type { RunRecords } from '../contract/records.js';
import { messageOf } from '../errors.js';

const everyMs = 30_000;
const stepRows = 200;

/** Forgets ended runs after their time, in steps small enough that nobody waits for them. */
export class Retention {
  readonly #timer: NodeJS.Timeout;
  #forgetting = false;

  constructor(
    private readonly parts: { runs: RunRecords; log: Logger },
    private readonly keepMs: number,
  ) {
    this.#timer = setInterval(() => void this.#forget(), everyMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #forget(): Promise<void> {
    if (this.#forgetting) return;
    this.#forgetting = true;
    try {
      const before = (await this.parts.runs.now()) - this.keepMs;
      while ((await this.parts.runs.forget(before, stepRows)) === stepRows);
    } catch (error) {
      this.parts.log.warn({ err: error }, `old runs could not be forgotten: ${messageOf(error)}`);
    } finally {
      this.#forgetting = false;
    }
  }
}
