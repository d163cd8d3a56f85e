const firstMs = 100;
const longestMs = 30_000;
/** Who served this long did not die of its start. */
const settledMs = 60_000;

/** How long a place stays empty after a death: longer each time, until a member has served for a while. */
export class PauseBeforeStart {
  #deaths = 0;
  #beganAt: number | null = null;

  constructor(private readonly clock: () => number = () => performance.now()) {}

  /** The member takes requests now. */
  began(): void {
    this.#beganAt = this.clock();
  }

  /** After a death; milliseconds. */
  next(): number {
    if (this.#beganAt !== null && this.clock() - this.#beganAt >= settledMs) this.#deaths = 0;
    this.#beganAt = null;
    const pauseMs = Math.min(longestMs, firstMs * 2 ** this.#deaths);
    this.#deaths += 1;
    return pauseMs;
  }
}
