import type { Logger } from 'pino';
import type { Claim, RunRecords } from '../contract/records.js';
import { messageOf } from '../errors.js';
import { ShortLivedMap } from '../short-lived-map.js';

export interface LeaseParts {
  runs: RunRecords;
  log: Logger;
  /** How long a renewal holds, and how often it comes. */
  leaseMs: number;
  renewEveryMs: number;
  /** From a renewal until somebody else may take a run. */
  holdMs: number;
  /** All leases hold for so many milliseconds from now; what kills the workers of a server that hangs wants to know. */
  onRenewed: (holdMs: number) => unknown;
}

/** Keeps the leases of the runs this server carries out, and hears of cancels and losses with each renewal. */
export class Leases {
  /** `since` is when a lease was last asked for that was granted. */
  readonly #claims = new ShortLivedMap<{ claim: Claim; since: number; onSignal: (signal: 'cancel' | 'lost') => void }>();
  readonly #timer: NodeJS.Timeout;
  #renewing: Promise<void> | null = null;

  constructor(private readonly parts: LeaseParts) {
    this.#timer = setInterval(() => void this.renew(), parts.renewEveryMs);
    this.#timer.unref();
  }

  /**
   * `askedAt` is when the records were asked for it, by `performance.now`. A run may come here again while its last attempt, whose lease ran out, is still at work: that one is lost then.
   * no-second-live-attempt: it is told before this one begins.
   */
  hold(claim: Claim, askedAt: number, onSignal: (signal: 'cancel' | 'lost') => void): void {
    this.#claims.get(claim.runId)?.onSignal('lost');
    if (this.#claims.size === 0) this.parts.onRenewed(this.parts.holdMs - (performance.now() - askedAt));
    this.#claims.set(claim.runId, { claim, since: askedAt, onSignal });
  }

  release(claim: Claim): void {
    if (this.#claims.get(claim.runId)?.claim === claim) this.#claims.delete(claim.runId);
  }

  /** Whether the lease of this claim is nearly over, though renewals come three times in it: the records are away, or were. */
  isOverdue(claim: Claim): boolean {
    const held = this.#claims.get(claim.runId);
    return held?.claim === claim && performance.now() - held.since >= 0.75 * this.parts.leaseMs;
  }

  /** Resolves when the leases of all that is held now were renewed, or could not be. */
  async renew(): Promise<void> {
    this.#renewing ??= this.#renewAll().finally(() => (this.#renewing = null));
    await this.#renewing;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #renewAll(): Promise<void> {
    const { runs, leaseMs, holdMs, log, onRenewed } = this.parts;
    const held = [...this.#claims.values()];
    if (held.length === 0) return;
    const asked = performance.now();
    try {
      const answers = await runs.renew(
        held.map(({ claim }) => claim),
        leaseMs,
      );
      onRenewed(holdMs - (performance.now() - asked));
      held.forEach((one, index) => {
        const answer = answers[index]!;
        if (answer !== 'lost') one.since = asked;
        // The run may have ended while the renewal was under way.
        if (answer !== 'held' && this.#claims.get(one.claim.runId) === one) one.onSignal(answer);
      });
    } catch (error) {
      log.warn({ err: error, runs: held.length }, `leases could not be renewed: ${messageOf(error)}`);
    }
  }
}
