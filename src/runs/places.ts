import type { Line } from '../contract/records.js';

/** A line's name in maps and messages. */
export function lineKey({ function: name, lane }: Line): string {
  return `${name}/${lane}`;
}

/**
 * The places of this server for queued runs. Some are kept back: of those a function gets one, and only while it has nothing
 * else under way. So however many functions are flooded or slow, another one's run finds a place.
 */
export class Places {
  #free: number;
  readonly #byFunction = new Map<string, number>();
  readonly #byLine = new Map<string, number>();

  constructor(
    all: number,
    private readonly keptBack: number,
  ) {
    this.#free = all;
  }

  /** Whether a run of this line may have a place now. */
  hasFor(line: Line): boolean {
    return this.#free > this.keptBack || (this.#free > 0 && !this.#byFunction.has(line.function));
  }

  get areFree(): boolean {
    return this.#free > 0;
  }

  /** How many a line has, by its key. */
  takenBy(key: string): number {
    return this.#byLine.get(key) ?? 0;
  }

  take(line: Line): void {
    this.#free -= 1;
    add(this.#byFunction, line.function, 1);
    add(this.#byLine, lineKey(line), 1);
  }

  give(line: Line): void {
    this.#free += 1;
    add(this.#byFunction, line.function, -1);
    add(this.#byLine, lineKey(line), -1);
  }
}

function add(counts: Map<string, number>, key: string, more: number): void {
  const count = (counts.get(key) ?? 0) + more;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
