import type { Logger } from 'pino';
import type { Line, RunRecords } from '../contract/records.js';
import { messageOf } from '../errors.js';

const pageRows = 500;
/** A timer can't be set for longer; looking again costs nothing. */
const longestMs = 60_000;
const retryMs = 500;

/**
 * Makes delayed runs (a retry, a delay that was asked for) ready when they are due. The delays lie in the records: this
 * is one timer for the first of them. Those of other servers come by the sweep, which looks here too.
 */
export class DueRuns {
  #timer: NodeJS.Timeout | null = null;
  #firesAt = Infinity;
  #releasing: Promise<void> | null = null;
  #closed = false;

  constructor(private readonly parts: { runs: RunRecords; log: Logger; onReady: (lines: readonly Line[]) => void }) {}

  /** A run is due in so many milliseconds. */
  expect(ms: number): void {
    const at = performance.now() + Math.min(ms, longestMs);
    if (this.#closed || at >= this.#firesAt) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#firesAt = at;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#firesAt = Infinity;
        this.releaseNow().catch((error: unknown) => {
          this.parts.log.warn({ err: error }, `delayed runs wait for the records: ${messageOf(error)}`);
          this.expect(retryMs);
        });
      },
      Math.ceil(at - performance.now()),
    );
    this.#timer.unref();
  }

  /** Makes ready what is due, and sets the timer for what is due next. */
  releaseNow(): Promise<void> {
    this.#releasing ??= this.#release().finally(() => (this.#releasing = null));
    return this.#releasing;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#releasing?.catch(() => {});
  }

  async #release(): Promise<void> {
    for (let released = pageRows; released === pageRows && !this.#closed;) {
      const step = await this.parts.runs.release(pageRows);
      released = step.released;
      this.parts.onReady(step.lines);
    }
    const next = await this.parts.runs.nextDue();
    // The clock of the records may be a little behind the timer's.
    if (next !== null) this.expect(Math.max(next, 1));
  }
}
