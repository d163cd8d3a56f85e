import type { ActiveRun } from './active-run.js';
import { ShortLivedMap } from '../short-lived-map.js';

/** The runs that are here, waiting or under way, by id. */
export class RunRegistry {
  readonly #runs = new ShortLivedMap<ActiveRun>();
  #whenEmpty: (() => void) | null = null;

  add(run: ActiveRun): void {
    this.#runs.set(run.attempt.runId, run);
  }

  get(runId: string): ActiveRun | undefined {
    return this.#runs.get(runId);
  }

  remove(run: ActiveRun): void {
    const { runId } = run.attempt;
    if (this.#runs.get(runId) === run) this.#runs.delete(runId);
    if (this.#runs.size === 0) this.#whenEmpty?.();
  }

  /** Resolves when there is none, or when the time is over. */
  async drain(withinMs: number): Promise<void> {
    if (this.#runs.size === 0 || withinMs <= 0) return;
    await new Promise<void>((resolve) => {
      const bound = setTimeout(resolve, withinMs);
      this.#whenEmpty = () => {
        clearTimeout(bound);
        resolve();
      };
    });
  }
}
