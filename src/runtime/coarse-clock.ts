const tickMs = 20;

/**
 * One timer for everything that has a deadline, instead of one a run: it ticks only while there is something to watch,
 * and keeps the server alive as long.
 */
export class CoarseClock {
  readonly #watch: (now: number) => boolean;
  #timer: NodeJS.Timeout | null = null;
  #stirred = false;

  /** `watch` tells whether there is still something to watch. */
  constructor(watch: (now: number) => boolean) {
    this.#watch = watch;
  }

  /** There is something to watch now. */
  stir(): void {
    this.#stirred = true;
    this.#timer ??= setInterval(() => this.#tick(), tickMs);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    const stirred = this.#stirred;
    this.#stirred = false;
    if (!this.#watch(performance.now()) && !stirred) this.stop();
  }
}
