import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { RunRecord, RunRecords } from '../../contract/records.js';
import type { AttemptTracer } from '../../contract/tracing.js';
import { messageOf } from '../../errors.js';
import { areRecordsAway } from '../records-away.js';
import { traceAfter } from '../trace-context.js';
import { DeliveryProblem } from './delivery-problem.js';
import { nextTryIn } from './retry-plan.js';
import { SilentReceivers } from './silent-receivers.js';
import { tellEnd, type TellParts } from './tell-end.js';

export interface EndDeliveryParts extends Pick<TellParts, 'accept' | 'publish' | 'secretsFor'> {
  runs: Pick<RunRecords, 'takeDeliveries' | 'nextDelivery' | 'settleDelivery' | 'get' | 'payload' | 'result'>;
  log: Logger;
  /** Absent: traces are not exported. */
  tracer?: AttemptTracer;
}

export interface EndDeliverySettings {
  /** Whether webhooks may go to loopback and private addresses. */
  allowPrivate: boolean;
  /** Longest time between two looks for what other servers left. */
  everyMs: number;
  /** Longest time of one webhook. */
  webhookTimeoutMs: number;
}

type Outcome = { problem: string | null; retryInMs: number | null };

/** bounded: ends told at the same time by one server. */
const atOnce = 16;
/** Nobody else gets a delivery before: longer than the longest try and the settling of it. */
const takenForMs = 30_000;
const awayMs = 2000;
/** When a delivery is due that another server is just taking. */
const contendedMs = 50;
const settlesAtMost = 20;
const settleAgainMs = 500;
const graceMs = 2000;
const shownCharacters = 500;

/**
 * Tells the ends of queued runs that have a destination. The records say what is due, so nothing is lost with a server:
 * a delivery is taken for a time, and told by another server when it was not settled by then. Told at least once.
 */
export class EndDeliveries {
  readonly #underWay = new Set<Promise<void>>();
  readonly #silent = new SilentReceivers();
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #dueAt = Infinity;
  #look: Promise<void> | null = null;
  #lookAgain = false;
  #isAway = false;
  #isClosed = false;

  constructor(
    private readonly parts: EndDeliveryParts,
    private readonly settings: EndDeliverySettings,
  ) {
    // Every delivery under way listens to it.
    setMaxListeners(0, this.#closing.signal);
    this.#lookIn(0);
  }

  /** A run with a destination has ended here: it need not wait for the next look. Many in a row are one look. */
  wake(): void {
    this.#lookIn(0);
  }

  /** Takes no more; what is under way gets a moment, then webhooks are cut off and left to another server or the next boot. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#look;
    const cut = setTimeout(() => this.#closing.abort(), graceMs);
    await Promise.all(this.#underWay);
    clearTimeout(cut);
  }

  /** One timer: the earliest look that is asked for. */
  #lookIn(ms: number): void {
    if (this.#isClosed) return;
    if (this.#look !== null && ms === 0) this.#lookAgain = true;
    const at = Date.now() + ms;
    if (this.#timer !== null) {
      if (this.#dueAt <= at) return;
      clearTimeout(this.#timer);
    }
    this.#dueAt = at;
    this.#timer = setTimeout(() => this.#startLook(), ms);
    this.#timer.unref();
  }

  #startLook(): void {
    this.#timer = null;
    this.#look ??= this.#lookAndPlan();
  }

  async #lookAndPlan(): Promise<void> {
    const nextMs = await this.#lookOnce();
    this.#look = null;
    this.#lookIn(this.#lookAgain ? 0 : nextMs);
    this.#lookAgain = false;
  }

  /** Takes what is due and there is a place for; resolves with the milliseconds until the next look. Never rejects. */
  async #lookOnce(): Promise<number> {
    const { everyMs } = this.settings;
    try {
      const free = atOnce - this.#underWay.size;
      // Whatever ends makes place and looks again.
      if (free === 0) return everyMs;
      const nextMs = await this.parts.runs.nextDelivery();
      if (nextMs === null || nextMs > 0) return Math.min(nextMs ?? everyMs, everyMs);
      const taken = await this.parts.runs.takeDeliveries(free, takenForMs);
      this.#isAway = false;
      for (const run of taken) this.#start(run);
      return taken.length === 0 ? contendedMs : 0;
    } catch (error) {
      if (!this.#isAway) this.parts.log.warn({ err: error }, `the ends of runs wait to be told: ${messageOf(error)}`);
      this.#isAway = true;
      return awayMs;
    }
  }

  #start(run: RunRecord): void {
    const work = this.#deliver(run).finally(() => {
      this.#underWay.delete(work);
      this.#lookIn(0);
    });
    this.#underWay.add(work);
  }

  async #deliver(run: RunRecord): Promise<void> {
    const attempt = run.delivery?.attempts ?? 1;
    const outcome = await this.#try(run, attempt);
    this.#note(run, attempt, outcome);
    await this.#settle(run, attempt, outcome);
    if (outcome.retryInMs !== null) this.#lookIn(outcome.retryInMs);
  }

  async #try(run: RunRecord, attempt: number): Promise<Outcome> {
    const { allowPrivate, webhookTimeoutMs: timeoutMs } = this.settings;
    try {
      const { signal } = this.#closing;
      const traced = { ...run, traceparent: traceAfter(run, this.parts.tracer ?? null) };
      await tellEnd(traced, { ...this.parts, silent: this.#silent, allowPrivate, timeoutMs, signal });
      return { problem: null, retryInMs: null };
    } catch (error) {
      const { forGood, askedMs } = error instanceof DeliveryProblem ? error : { forGood: false, askedMs: null };
      const problem = messageOf(error).slice(0, shownCharacters);
      if (forGood) return { problem, retryInMs: null };
      return { problem, retryInMs: this.#isClosed ? 0 : nextTryIn(attempt, askedMs, Math.random()) };
    }
  }

  /** What is not settled would be told again: the records get some time to come back. */
  async #settle(run: RunRecord, attempt: number, outcome: Outcome): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.parts.runs.settleDelivery(run.id, attempt, outcome);
      } catch (error) {
        if (!areRecordsAway(error) || tries >= settlesAtMost || this.#isClosed) {
          const fields = { err: error, runId: run.id };
          return this.parts.log.warn(fields, `what came of a delivery is not recorded: ${messageOf(error)}`);
        }
        await sleep(settleAgainMs);
      }
    }
  }

  #note(run: RunRecord, attempt: number, { problem, retryInMs }: Outcome): void {
    const fields = { runId: run.id, function: run.function, lane: run.lane, try: attempt };
    if (problem === null) this.parts.log.info(fields, 'the end of a run is told');
    else if (retryInMs === null) this.parts.log.error(fields, `the end of a run is not told, for good: ${problem}`);
    else this.parts.log.warn({ ...fields, retryInMs }, `the end of a run is not told yet: ${problem}`);
  }
}
