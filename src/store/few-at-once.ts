/** Carries out tasks a few at the same time. The first failure stops the intake and is thrown when nothing runs any more. */
export class FewAtOnce {
  readonly #limit: number;
  readonly #running = new Set<Promise<void>>();
  readonly #failures: unknown[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves when the task has a place, or rejects because an earlier one failed. */
  async add(task: () => Promise<void>): Promise<void> {
    if (this.#running.size >= this.#limit) await Promise.race(this.#running);
    if (this.#failures.length > 0) return await this.finish();
    const running: Promise<void> = task()
      .catch((error: unknown) => void this.#failures.push(error))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async finish(): Promise<void> {
    await Promise.all(this.#running);
    if (this.#failures.length > 0) throw this.#failures[0];
  }
}
