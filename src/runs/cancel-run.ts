import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '../contract/bus.js';
import type { Executor } from '../contract/executor.js';
import type { RunFilter, RunRecord, RunRecords } from '../contract/records.js';
import type { RunState } from '../contract/words.js';
import { LanewayError } from '../errors.js';
import type { ActiveRuns } from './active-runs.js';
import type { FindRuns } from './find-runs.js';
import { type BulkOutcome, forEachRun } from './for-each-run.js';
import { tellState } from './record-events.js';

const cancelTopic = 'cancel';
/** How long another server may take to answer for a sync run that only it knows. */
const askOthersMs = 500;
const openStates: readonly RunState[] = ['queued', 'running'];
type CancelMessage = { cancel: string } | { heard: string };

export interface CancelParts {
  runs: RunRecords;
  find: FindRuns;
  active: ActiveRuns;
  executor: Executor;
  bus: Bus;
  /** Whether other servers may be there to ask. */
  shared: boolean;
}

/** Cancels queued and running runs, wherever they run: the records keep the wish, the bus brings it at once. */
export class CancelRun {
  readonly #waiting = new Map<string, () => void>();
  readonly #stop: () => void;

  constructor(private readonly parts: CancelParts) {
    this.#stop = parts.bus.subscribe(cancelTopic, (message) => this.#hear(JSON.parse(message) as CancelMessage));
  }

  /**
   * Resolves with the run as it stands when it has ended, or after `waitMs` if it has not ended by then.
   * Rejects with `run_not_found`, and with `run_ended` when it had ended before.
   */
  async cancel(id: string, waitMs = 5000): Promise<RunRecord> {
    if (!this.#cancelHere(id)) await this.#cancelElsewhere(id);
    const deadline = Date.now() + waitMs;
    for (let pause = 2; ; pause = Math.min(pause * 2, 100)) {
      const run = await this.parts.find.get(id).catch((error: unknown) => {
        // A sync run of another server: nothing is known here until its record is written.
        if (error instanceof LanewayError && error.code === 'run_not_found') return null;
        throw error;
      });
      if (run !== null && run.endedAt !== null) return run;
      if (Date.now() >= deadline) return run ?? this.parts.find.get(id);
      await sleep(pause);
    }
  }

  /** Asks for the end of every open run that fits; they end as soon as their workers have. */
  cancelAll(filter: RunFilter, isAllowed: (run: RunRecord) => boolean): Promise<BulkOutcome> {
    const states = (filter.states ?? openStates).filter((state) => openStates.includes(state));
    return forEachRun(this.parts.runs, { filter: { ...filter, states }, isAllowed }, async ({ id }) => {
      if (!this.#cancelHere(id)) await this.#cancelElsewhere(id);
    });
  }

  close(): void {
    this.#stop();
  }

  #cancelHere(id: string): boolean {
    const run = this.parts.active.get(id);
    if (run?.mode !== 'sync') return false;
    this.parts.executor.cancel(id);
    return true;
  }

  async #cancelElsewhere(id: string): Promise<void> {
    const known = await this.parts.runs.requestCancel(id);
    if (known === 'ended') throw new LanewayError('run_ended', { id, state: (await this.parts.find.get(id)).state });
    if (known === 'cancelled') return tellState(this.parts.bus, id, 'ended');
    if (known === 'requested') return this.#publish({ cancel: id });
    const ended = this.parts.shared ? null : await this.parts.find.get(id);
    if (ended !== null) throw new LanewayError('run_ended', { id, state: ended.state });
    if (!(await this.#askOthers(id))) await this.parts.find.get(id);
  }

  async #askOthers(id: string): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (heard: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(heard);
      };
      const timer = setTimeout(() => done(false), askOthersMs);
      this.#waiting.set(id, () => done(true));
      this.#publish({ cancel: id });
    });
  }

  #hear(message: CancelMessage): void {
    if ('heard' in message) {
      this.#waiting.get(message.heard)?.();
      return;
    }
    if (this.parts.active.get(message.cancel) === undefined) return;
    this.parts.executor.cancel(message.cancel);
    this.#publish({ heard: message.cancel });
  }

  #publish(message: CancelMessage): void {
    this.parts.bus.publish(cancelTopic, JSON.stringify(message));
  }
}
