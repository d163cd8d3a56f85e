import type { Line } from '../contract/records.js';
import { lineKey, type Places } from './places.js';

/** A line that may have ready runs in the records. */
export interface WaitingLine {
  readonly line: Line;
  readonly key: string;
  /** Said to have runs since the records were last asked for some. */
  again: boolean;
  asking: boolean;
  /** Unblocked while the records were asked: their answer may be older than the reason. */
  unblocked: boolean;
  /** At its limit, or the records are away: not to be asked before something ends or some time has gone by. */
  blocked: boolean;
  /** Not to be asked before, by `performance.now`. */
  pausedUntil: number;
  /** The turn in which runs of it last began. */
  served: number;
}

/** Which lines wait for a place on this server, and whose turn it is. */
export class WaitingLines {
  readonly #lines = new Map<string, WaitingLine>();
  #turn = 0;

  get size(): number {
    return this.#lines.size;
  }

  has(line: Line): boolean {
    return this.#lines.has(lineKey(line));
  }

  add({ function: name, lane }: Line, pausedUntil = 0): void {
    const line = { function: name, lane };
    const key = lineKey(line);
    const known = this.#lines.get(key);
    const waiting = known ?? { line, key, again: true, asking: false, unblocked: false, blocked: false, pausedUntil, served: 0 };
    waiting.again = true;
    waiting.pausedUntil = Math.max(waiting.pausedUntil, pausedUntil);
    this.#lines.set(key, waiting);
  }

  remove({ key }: WaitingLine): void {
    this.#lines.delete(key);
  }

  clear(): void {
    this.#lines.clear();
  }

  /**
   * Gives out every free place, one after the other, to the line that has fewest, and of those to the one that has waited
   * longest for its turn. Returns how many each line got; they are taken.
   */
  fill(places: Places): Map<WaitingLine, number> {
    const given = new Map<WaitingLine, number>();
    while (places.areFree) {
      const next = this.#next(places);
      if (next === null) break;
      places.take(next.line);
      given.set(next, (given.get(next) ?? 0) + 1);
    }
    return given;
  }

  /** Runs of it began. One that got places but was at its limit has waited in vain: it stays where it was in the order. */
  hadItsTurn(waiting: WaitingLine): void {
    waiting.served = ++this.#turn;
  }

  /** All, or those of one function, may be asked again. */
  unblock(functionName?: string): void {
    for (const waiting of this.#lines.values()) {
      if (functionName !== undefined && waiting.line.function !== functionName) continue;
      waiting.blocked = false;
      waiting.unblocked = true;
    }
  }

  #next(places: Places): WaitingLine | null {
    let best: WaitingLine | null = null;
    let fewest = Infinity;
    const now = performance.now();
    for (const waiting of this.#lines.values()) {
      if (waiting.asking || waiting.blocked || waiting.pausedUntil > now || !places.hasFor(waiting.line)) continue;
      const taken = places.takenBy(waiting.key);
      if (taken > fewest || (taken === fewest && waiting.served > best!.served)) continue;
      best = waiting;
      fewest = taken;
    }
    return best;
  }
}
