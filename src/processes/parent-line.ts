import type { Membership } from './membership.js';
import type { FromMember, Listening, MemberMetrics, ToMember } from './messages.js';

/** A parent that is asked and does not answer is not waited for longer. */
const patienceMs = 3000;

/** The line of a member to its parent: the channel that node opened between them. */
export class ParentLine implements Membership {
  readonly #asked = new Map<number, (others: readonly MemberMetrics[]) => void>();
  #tellMetrics: () => Promise<string> = () => Promise.resolve('');
  #asks = 0;

  constructor(
    readonly number: number,
    readonly parentPid: number,
  ) {
    process.on('message', (message: ToMember) => this.#hear(message));
  }

  listening(facts: Listening): void {
    this.#send({ type: 'listening', ...facts });
  }

  onMetricsAsked(text: () => Promise<string>): void {
    this.#tellMetrics = text;
  }

  gatherMetrics(): Promise<readonly MemberMetrics[]> {
    const ask = (this.#asks += 1);
    return new Promise((resolve) => {
      const done = (others: readonly MemberMetrics[]): void => {
        clearTimeout(timer);
        this.#asked.delete(ask);
        resolve(others);
      };
      const timer = setTimeout(() => done([]), patienceMs);
      this.#asked.set(ask, done);
      this.#send({ type: 'gather', ask });
    });
  }

  #hear(message: ToMember): void {
    if (message.type === 'gathered') this.#asked.get(message.ask)?.(message.others);
    else void this.#answer(message.ask);
  }

  async #answer(ask: number): Promise<void> {
    const text = await this.#tellMetrics().catch(() => '');
    this.#send({ type: 'metrics', ask, text });
  }

  /** A parent that is gone is told of by the end of the line. */
  #send(message: FromMember): void {
    if (process.connected) process.send!(message, undefined, undefined, () => {});
  }
}
