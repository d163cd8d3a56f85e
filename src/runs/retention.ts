import type { Logger } from 'pino';
import type { RunRecords } from '../contract/records.js';
import { messageOf } from '../errors.js';

export interface RetentionPolicy {
  /** How long an ended run, a dead letter, and what a run said are kept. */
  runsMs: number;
  deadLettersMs: number;
  logsMs: number;
  /** Of ended runs; null is no limit. */
  runsAtMost: number | null;
}

const everyMs = 30_000;
const stepRows = 200;
/** Between steps: others' calls come first. */
const pauseMs = 20;

/** Forgets ended runs after their time, in steps small enough that nobody waits for them. */
export class Retention {
  readonly #timer: NodeJS.Timeout;
  #forgetting = false;
  #closed = false;

  constructor(
    private readonly parts: { runs: RunRecords; log: Logger },
    private readonly policy: RetentionPolicy,
  ) {
    this.#timer = setInterval(() => void this.#forget(), everyMs);
    this.#timer.unref();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  async #forget(): Promise<void> {
    if (this.#forgetting) return;
    this.#forgetting = true;
    try {
      const { runs } = this.parts;
      const { runsMs, deadLettersMs, logsMs, runsAtMost: keepAtMost } = this.policy;
      const now = await runs.now();
      const what = { endedBefore: now - runsMs, deadBefore: now - deadLettersMs, keepAtMost };
      await this.#inSteps(() => runs.forget(what, stepRows));
      if (logsMs < runsMs) await this.#inSteps(() => runs.forgetLogs(now - logsMs, stepRows));
      await this.#inSteps(() => runs.forgetIdempotency(stepRows));
    } catch (error) {
      this.parts.log.warn({ err: error }, `old runs could not be forgotten: ${messageOf(error)}`);
    } finally {
      this.#forgetting = false;
    }
  }

  async #inSteps(step: () => Promise<number>): Promise<void> {
    while (!this.#closed && (await step()) > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
  }
}
