import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import type { LostClaim, RunRecords } from '../contract/records.js';
import { messageOf } from '../errors.js';
import type { Dispatcher } from './dispatcher.js';
import type { DueRuns } from './due-runs.js';
import type { Leases } from './leases.js';
import { tellState } from './record-events.js';

export interface SweepParts {
  runs: RunRecords;
  dispatcher: Dispatcher;
  due: DueRuns;
  leases: Leases;
  bus: Bus;
  everyMs: number;
  log: Logger;
  /** An end was written that may have to be told to somebody. */
  onEnded: () => void;
}

const pageRows = 500;
/** What several dead servers may leave at once. */
const lostRows = 5000;

/**
 * Puts right what messages can't promise, by looking at the records: runs that a dead server left, runs whose time is
 * over, delayed runs that are due, and lines nobody knows to be waiting. So an emptied queue loses nothing.
 */
export class Sweep {
  #timer: NodeJS.Timeout | null = null;
  #under: Promise<void> | null = null;
  /** Leases that had run out at the last look, by run. */
  #suspects = new Map<string, LostClaim>();

  constructor(private readonly parts: SweepParts) {}

  /**
   * Before anything is claimed; from then on it sweeps by itself. `onlyOwner` names this boot when no other server can be alive (embedded
   * records): what an earlier boot left `running` is taken back at once.
   */
  async start(onlyOwner: string | null): Promise<void> {
    if (onlyOwner !== null) {
      for (let lost = await this.#lost(onlyOwner); lost.length > 0; lost = await this.#lost(onlyOwner)) await this.#recover(lost);
    }
    await this.#look();
    this.#timer = setInterval(() => void this.#tick(), this.parts.everyMs);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#under;
  }

  async #tick(): Promise<void> {
    if (this.#under !== null) return;
    this.#under = this.#sweepOnce();
    await this.#under;
    this.#under = null;
  }

  async #sweepOnce(): Promise<void> {
    try {
      // This server's own first: after an outage they would look like those of a dead one.
      await this.parts.leases.renew();
      await this.#recoverSeenTwice();
      await this.#look();
    } catch (error) {
      this.parts.log.warn({ err: error }, `the sweep will try again: ${messageOf(error)}`);
    }
  }

  async #look(): Promise<void> {
    const { runs, dispatcher, due } = this.parts;
    for (let ended = await runs.expire(pageRows); ended.length > 0; ended = await runs.expire(pageRows)) this.#tellEnded(ended);
    await due.releaseNow();
    for (const line of await runs.linesInQueue()) dispatcher.wake(line);
    dispatcher.unblock();
  }

  /** no-second-live-attempt: a lease that ran out counts when it still stands as it was seen one sweep ago. */
  async #recoverSeenTwice(): Promise<void> {
    const lost = await this.#lost(null);
    const again = lost.filter(({ runId, fence, leaseUntil }) => {
      const before = this.#suspects.get(runId);
      return before?.fence === fence && before.leaseUntil === leaseUntil;
    });
    this.#suspects = new Map(lost.map((claim) => [claim.runId, claim]));
    if (again.length > 0) await this.#recover(again);
  }

  #lost(onlyOwner: string | null): Promise<LostClaim[]> {
    return this.parts.runs.lost(lostRows, onlyOwner);
  }

  async #recover(lost: readonly LostClaim[]): Promise<void> {
    for (let from = 0; from < lost.length; from += pageRows) await this.#recoverSome(lost.slice(from, from + pageRows));
  }

  async #recoverSome(lost: readonly LostClaim[]): Promise<void> {
    const { recovered, lines, ended } = await this.parts.runs.recoverLost(lost);
    if (recovered > 0) this.parts.log.warn({ runs: recovered }, 'runs of a server that died are queued again');
    for (const runId of ended) {
      this.parts.log.warn({ runId }, 'run ended: its server died for the third time, or while it was to be cancelled');
    }
    this.#tellEnded(ended);
    this.parts.dispatcher.wakeEverywhere(lines);
  }

  #tellEnded(runIds: readonly string[]): void {
    for (const runId of runIds) tellState(this.parts.bus, runId, 'ended');
    if (runIds.length > 0) this.parts.onEnded();
  }
}
