import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import type { Queue } from '../contract/queue.js';
import type { Claim, RunRecords } from '../contract/records.js';
import { LanewayError, messageOf } from '../errors.js';
import { type FeedMessage, runTopic } from './record-events.js';

export interface SweepParts {
  runs: RunRecords;
  queue: Queue;
  bus: Bus;
  leaseMs: number;
  log: Logger;
}

const pageRows = 500;

/**
 * Puts right what announcements can't promise: every third of a lease it takes, by index, what was never announced or
 * whose announcement is gone from the queue, and what a dead server left behind. So an emptied queue loses nothing.
 */
export class Sweep {
  readonly #timer: NodeJS.Timeout;
  #under: Promise<void> | null = null;
  #place: { dueAt: number; id: string } | null = null;

  constructor(private readonly parts: SweepParts) {
    this.#timer = setInterval(() => void this.#tick(), parts.leaseMs / 3);
    this.#timer.unref();
  }

  /**
   * At start, before anything is claimed: everything due is announced. `onlyOwner` names this boot when no other server
   * can be alive (embedded records), so that what an earlier boot left `running` is taken back at once.
   */
  async rebuild(onlyOwner: string | null): Promise<void> {
    try {
      while ((await this.#recover(onlyOwner)) === pageRows);
      do await this.#announcePage(await this.parts.runs.now());
      while (this.#place !== null);
    } catch (error) {
      // bounded: a backlog larger than the queue is no reason not to start; the sweep announces the rest as it shrinks.
      if (!(error instanceof LanewayError) || error.code !== 'queue_unavailable') throw error;
      this.parts.log.warn({ err: error }, `the queued runs will be announced by the sweep: ${messageOf(error)}`);
    }
  }

  /** Announces again what was handed back. */
  async announce(claims: readonly Claim[]): Promise<void> {
    const announcements = await this.parts.runs.announceAgain(claims);
    if (announcements.length > 0) await this.parts.queue.announce(announcements);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
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
      while ((await this.#recover(null)) === pageRows);
      // One page a time: a long backlog is walked through over several sweeps, each of them small. Where the queue has lost
      // whole pages it was emptied, and the servers wait for the rest.
      while (await this.#announcePage((await this.parts.runs.now()) - this.parts.leaseMs));
    } catch (error) {
      this.parts.log.warn({ err: error }, `the sweep will try again: ${messageOf(error)}`);
    }
  }

  async #recover(onlyOwner: string | null): Promise<number> {
    const { announce, ended } = await this.parts.runs.recoverLost(pageRows, onlyOwner);
    for (const runId of ended) {
      this.parts.log.warn({ runId }, 'run ended: its server died for the third time, or while it was to be cancelled');
      this.parts.bus.publish(runTopic(runId), JSON.stringify({ state: 'ended' } satisfies FeedMessage));
    }
    if (announce.length > 0) {
      this.parts.log.warn({ runs: announce.length }, 'runs of a server that died are queued again');
      await this.parts.queue.announce(announce);
    }
    return announce.length + ended.length;
  }

  /** Looks at one page of due runs and announces those that the queue no longer holds; whether that was a page full. */
  async #announcePage(announcedBefore: number): Promise<boolean> {
    const page = await this.parts.runs.unclaimed(announcedBefore, pageRows, this.#place);
    const last = page.at(-1);
    this.#place = page.length === pageRows && last !== undefined ? { dueAt: last.dueAt, id: last.runId } : null;
    if (page.length === 0) return false;
    const held = await this.parts.queue.holds(page);
    const gone = page.filter((_, index) => !held[index]);
    if (gone.length > 0) await this.announce(gone);
    return gone.length === pageRows;
  }
}
