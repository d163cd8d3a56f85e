const silencesTaken = 3;
const leftAloneMs = 30_000;
const receiversKept = 1000;

interface Receiver {
  silences: number;
  /** By a clock that nobody can set. */
  leftAloneUntil: number;
}

/**
 * Webhook receivers that accept connections and never answer would hold every place for as long as a try may last.
 * After three silences in a row a receiver is left alone for half a minute, but for one try at its end; any answer makes it
 * one of the others again.
 */
export class SilentReceivers {
  readonly #receivers = new Map<string, Receiver>();

  /** Whether a try is worth its while now; one that is must be followed by `heard` or `silent`. */
  mayAsk(origin: string, now = performance.now()): boolean {
    const receiver = this.#receivers.get(origin);
    if (receiver === undefined || receiver.silences < silencesTaken) return true;
    if (now < receiver.leftAloneUntil) return false;
    // The one that asks now keeps the others away until it is known what came of it.
    receiver.leftAloneUntil = now + leftAloneMs;
    return true;
  }

  heard(origin: string): void {
    this.#receivers.delete(origin);
  }

  silent(origin: string, now = performance.now()): void {
    const receiver = this.#receivers.get(origin) ?? { silences: 0, leftAloneUntil: 0 };
    receiver.silences += 1;
    receiver.leftAloneUntil = now + leftAloneMs;
    this.#receivers.delete(origin);
    this.#receivers.set(origin, receiver);
    if (this.#receivers.size > receiversKept) this.#receivers.delete(this.#receivers.keys().next().value!);
  }
}
