import type { ManifestWarm } from '../contract/manifest.js';
import type { WarmTarget, WarmWorkers } from '../contract/warm.js';

/** Time, so that a test can have another one. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls back once after so many milliseconds. Returns how to stop. */
  after(ms: number, call: () => void): () => void;
}

export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms).unref();
    return () => clearTimeout(timer);
  },
};

export interface TimedFloor {
  target: WarmTarget;
  warm: ManifestWarm;
  onProblem: (problem: string) => void;
}

interface FloorTimesParts {
  workers: Pick<WarmWorkers, 'keepWarm'>;
  floorAt: (warm: ManifestWarm, now: number) => { holds: boolean; until: number };
  clock: Clock;
}

/** A clock that was set, or a machine that slept, is noticed within this time. */
const longestWaitMs = 60_000;

/** Raises each floor when a window of its opens and lowers it when the last one closes. */
export class FloorTimes {
  readonly #parts: FloorTimesParts;
  readonly #floors = new Map<string, TimedFloor & { min: number }>();
  #stop: () => void = () => {};

  constructor(parts: FloorTimesParts) {
    this.#parts = parts;
  }

  /** In place of what the version had before. */
  set(floor: TimedFloor): void {
    const { key } = floor.target.version;
    this.#floors.set(key, { ...floor, min: this.#floors.get(key)?.min ?? 0 });
    this.#look();
  }

  remove(versionKey: string): void {
    const floor = this.#floors.get(versionKey);
    if (floor === undefined) return;
    this.#floors.delete(versionKey);
    this.#keep(floor, 0);
  }

  close(): void {
    this.#stop();
    this.#floors.clear();
  }

  #look(): void {
    this.#stop();
    const now = this.#parts.clock.now();
    let next = Infinity;
    for (const floor of this.#floors.values()) {
      const { holds, until } = this.#parts.floorAt(floor.warm, now);
      next = Math.min(next, until);
      this.#keep(floor, holds ? floor.warm.min : 0);
    }
    if (next < Infinity) this.#stop = this.#parts.clock.after(Math.min(next - now, longestWaitMs), () => this.#look());
  }

  #keep(floor: TimedFloor & { min: number }, min: number): void {
    if (floor.min === min) return;
    floor.min = min;
    this.#parts.workers.keepWarm(floor.target, min, floor.onProblem);
  }
}
