import type { Line } from '../contract/records.js';

/** A line's name in maps and messages. */
export function lineKey({ function: name, lane }: Line): string {
  return `${name}/${lane}`;
}

/** The places of this server for queued runs, and the share of them that one line may take. */
export class Places {
  #taken = 0;
  readonly #byLine = new Map<string, number>();

  constructor(
    private readonly all: number,
    private readonly perLine: number,
  ) {}

  /** Places that this line could take now. */
  freeFor(line: Line): number {
    return Math.max(0, Math.min(this.all - this.#taken, this.perLine - this.takenBy(line)));
  }

  get areFree(): boolean {
    return this.#taken < this.all;
  }

  takenBy(line: Line): number {
    return this.#byLine.get(lineKey(line)) ?? 0;
  }

  take(line: Line): void {
    this.#taken += 1;
    this.#byLine.set(lineKey(line), this.takenBy(line) + 1);
  }

  give(line: Line): void {
    this.#taken -= 1;
    const left = this.takenBy(line) - 1;
    if (left === 0) this.#byLine.delete(lineKey(line));
    else this.#byLine.set(lineKey(line), left);
  }
}
