import type { Logger } from 'pino';
import type { Claim, RunRecords } from '../contract/records.js';
import { messageOf } from '../errors.js';

/** Keeps the leases of the runs this server carries out, and hears of cancels and losses with each renewal. */
export class Leases {
  readonly #claims = new Map<string, { claim: Claim; onSignal: (signal: 'cancel' | 'lost') => void }>();
  readonly #timer: NodeJS.Timeout;
  #renewing = false;

  constructor(private readonly parts: { runs: RunRecords; leaseMs: number; log: Logger }) {
    this.#timer = setInterval(() => void this.#renew(), parts.leaseMs / 3);
    this.#timer.unref();
  }

  /**
   * A run may come here again while its last attempt, whose lease ran out, is still at work: that one is lost then.
   * no-second-live-attempt: it is told before this one begins.
   */
  hold(claim: Claim, onSignal: (signal: 'cancel' | 'lost') => void): void {
    this.#claims.get(claim.runId)?.onSignal('lost');
    this.#claims.set(claim.runId, { claim, onSignal });
  }

  release(claim: Claim): void {
    if (this.#claims.get(claim.runId)?.claim === claim) this.#claims.delete(claim.runId);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #renew(): Promise<void> {
    if (this.#renewing || this.#claims.size === 0) return;
    this.#renewing = true;
    const held = [...this.#claims.values()];
    try {
      const answers = await this.parts.runs.renew(
        held.map(({ claim }) => claim),
        this.parts.leaseMs,
      );
      held.forEach(({ claim, onSignal }, index) => {
        const answer = answers[index]!;
        // The run may have ended while the renewal was under way.
        if (answer !== 'held' && this.#claims.get(claim.runId)?.claim === claim) onSignal(answer);
      });
    } catch (error) {
      this.parts.log.warn({ err: error, runs: held.length }, `leases could not be renewed: ${messageOf(error)}`);
    } finally {
      this.#renewing = false;
    }
  }
}
