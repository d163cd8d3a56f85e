import type { WarmTarget } from '../contract/warm.js';
import type { PooledWorker } from './pooled-worker.js';
import type { VersionLine } from './version-line.js';

/** One worker at a time: starting takes a moment of the server's own thread. */
const stepMs = 20;
/** Between two looks for a place while the server is full. */
const noPlaceMs = 1000;
/** A version that does not load, or does not live, is tried again after this time, then after twice as long, and so on. */
const firstPauseMs = 1000;
const longestPauseMs = 60_000;

/** The pool, as floors see it. */
export interface FloorPool {
  lineOf(target: WarmTarget): VersionLine;
  /** Loads one more worker of the line; null when it can't have one now. Resolves with why it failed, or null. */
  load(line: VersionLine): Promise<string | null> | null;
}

interface Floor {
  target: WarmTarget;
  min: number;
  onProblem: (problem: string) => void;
  /** How many of `min` all floors together leave it. */
  granted: number;
  line: VersionLine;
  /** In a row. */
  failures: number;
  notBefore: number;
  /** Until a worker has loaded it since the last failure, one at a time is tried. */
  isProven: boolean;
  loading: number;
}

/**
 * Keeps a number of workers of some versions: loads what is missing, and says which idle workers have to stay. Floors are
 * places set aside: no run of another version takes them, which is why all together are bounded. First come, first served.
 */
export class WarmFloors {
  readonly #floors = new Map<string, Floor>();
  readonly #pool: FloorPool;
  readonly #most: number;
  #timer: NodeJS.Timeout | null = null;
  #wakeAt = Infinity;
  #closed = false;

  constructor(pool: FloorPool, most: number) {
    this.#pool = pool;
    this.#most = most;
  }

  /** A floor under a version from now on; 0 takes it away. */
  set(target: WarmTarget, min: number, onProblem: (problem: string) => void): void {
    const { key } = target.version;
    if (min === 0) this.#floors.delete(key);
    else {
      const floor = this.#floors.get(key) ?? { granted: -1, failures: 0, notBefore: 0, isProven: false, loading: 0 };
      this.#floors.set(key, Object.assign(floor, { target, min, onProblem, line: this.#pool.lineOf(target) }));
    }
    this.#grant();
    this.#wakeIn(0);
  }

  /** Whether the floor of its version would be missed without this worker. */
  needs({ line }: PooledWorker): boolean {
    const floor = this.#floorOf(line);
    return floor !== undefined && readyOf(floor.line) <= floor.granted;
  }

  /** A worker is no more. One that dies before it carried out anything is not started again and again. */
  onEnding(worker: PooledWorker): void {
    const floor = this.#floorOf(worker.line);
    if (floor === undefined) return;
    const isWanted = floor.line.retired || worker.endsBecause === 'idle_retired';
    if (worker.hasBegun) floor.failures = 0;
    else if (!isWanted) this.#pause(floor, performance.now() - worker.idleSince > longestPauseMs);
    this.#wakeIn(stepMs);
  }

  /** Lines of the version were forgotten: their workers serve nobody any more. */
  onRetired(versionKey: string): void {
    const floor = this.#floors.get(versionKey);
    if (floor === undefined) return;
    floor.line = this.#pool.lineOf(floor.target);
    this.#wakeIn(stepMs);
  }

  /** What is promised and what there is. */
  list(): { function: string; lane: string; version: string; floor: number; workers: number }[] {
    return [...this.#floors.values()].map(({ target: { version }, min, line }) => ({
      function: version.function,
      lane: version.lane,
      version: version.version,
      floor: min,
      workers: readyOf(line),
    }));
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#floors.clear();
  }

  #floorOf(line: VersionLine | null): Floor | undefined {
    if (line === null || this.#floors.size === 0) return undefined;
    const floor = this.#floors.get(line.version.key);
    return floor?.line === line ? floor : undefined;
  }

  #grant(): void {
    let left = this.#most;
    for (const floor of this.#floors.values()) {
      const wanted = Math.min(floor.min, floor.line.cap);
      const granted = Math.min(wanted, left);
      left -= granted;
      if (granted < wanted && granted !== floor.granted) {
        floor.onProblem(`only ${granted} of ${wanted} workers are kept warm: all floors together have ${this.#most}`);
      }
      floor.granted = granted;
    }
  }

  #wakeIn(ms: number): void {
    const at = performance.now() + ms;
    if (this.#closed || at >= this.#wakeAt) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#wakeAt = at;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#wakeAt = Infinity;
      this.#fill();
    }, ms).unref();
  }

  #fill(): void {
    const now = performance.now();
    for (const floor of this.#floors.values()) {
      if (readyOf(floor.line) >= floor.granted || (!floor.isProven && floor.loading > 0)) continue;
      if (floor.notBefore > now) {
        this.#wakeIn(floor.notBefore - now);
        continue;
      }
      const loading = this.#pool.load(floor.line);
      // A full server, or a version that has all the workers it may have.
      if (loading === null) {
        this.#wakeIn(noPlaceMs);
        continue;
      }
      void this.#await(loading, floor);
      return this.#wakeIn(stepMs);
    }
  }

  async #await(loading: Promise<string | null>, floor: Floor): Promise<void> {
    floor.loading += 1;
    const problem = await loading;
    floor.loading -= 1;
    this.#wakeIn(0);
    floor.isProven = problem === null;
    if (problem === null || this.#closed) return;
    // One that could not even be started did not end either.
    if (floor.notBefore < performance.now()) this.#pause(floor, false);
    floor.onProblem(problem);
  }

  #pause(floor: Floor, isFirst: boolean): void {
    floor.isProven = false;
    floor.failures = isFirst ? 1 : floor.failures + 1;
    floor.notBefore = performance.now() + Math.min(firstPauseMs * 2 ** (floor.failures - 1), longestPauseMs);
  }
}

/** Of a version that gets a new worker for every run, one that is carrying a run out is spent. */
function readyOf({ workers, fresh }: VersionLine): number {
  if (!fresh) return workers.size;
  let ready = 0;
  for (const { run } of workers) if (run === null || run.more.loadOnly !== false) ready += 1;
  return ready;
}
