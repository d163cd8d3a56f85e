import { availableParallelism } from 'node:os';
import type { VersionLine } from './version-line.js';

/** A function that takes no longer, as its worker sees it, does nothing but compute: it waits for nobody. */
const quickMs = 0.2;
/** Who waited this long gets a worker of its own after all. */
const longestMs = 2;

/**
 * More busy workers than processors only take turns, and each wakes up for every run. So a run of a quick function waits a
 * moment for a worker that is about to be free, instead of waking another one.
 */
export class BriefWait {
  readonly #busyAtLeast = availableParallelism() + 1;
  readonly #lines = new Set<VersionLine>();
  #timer: NodeJS.Timeout | null = null;

  /** `relieve` gives workers to the runs of a line that wait since before the given time. */
  constructor(private readonly relieve: (line: VersionLine, before: number) => void) {}

  isWorthIt(line: VersionLine): boolean {
    return line.typicalMs < quickMs && line.workers.size - line.idle.length >= this.#busyAtLeast;
  }

  /** A run of this line waits though a worker could be had: it is looked after soon. */
  begin(line: VersionLine): void {
    this.#lines.add(line);
    this.#timer ??= setTimeout(() => this.#look(), longestMs);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #look(): void {
    this.#timer = null;
    const before = performance.now() - longestMs;
    for (const line of this.#lines) {
      this.relieve(line, before);
      if (line.waiting.size === 0) this.#lines.delete(line);
    }
    if (this.#lines.size > 0) this.#timer = setTimeout(() => this.#look(), longestMs);
  }
}
