import type { LocalExecutorOptions } from './executor-options.js';
import type { Wall, WorkerKind, WorkerOptions } from './function-worker.js';
import type { PooledWorker } from './pooled-worker.js';

/** Start-up and first calls come before spares. */
const firstDelayMs = 150;
const refillDelayMs = 30;
/** A spare that dies by itself is not started again and again. */
const afterDeathMs = 2000;

/**
 * Workers kept started before their version is known, so that a first call costs loading alone. The heap limit is fixed
 * when a worker starts and is that of the default memory: a process with less is held by the limits of its group or the
 * watch on its memory, a function with more gets a worker of its own.
 */
export class SpareWorkers {
  readonly #spares = new Set<PooledWorker>();
  readonly #wanted: { options: WorkerOptions; count: number }[];
  readonly #start: (options: WorkerOptions) => PooledWorker;
  #refill: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(
    options: Pick<LocalExecutorOptions, 'spares'>,
    more: {
      wall: Wall;
      memoryMb: number;
      processes: number;
      maxMessageBytes: number;
      start: (options: WorkerOptions) => PooledWorker;
    },
  ) {
    const { memoryMb, processes, maxMessageBytes } = more;
    const spare = (kind: WorkerKind, wall: Wall, count: number) => ({
      options: { kind, wall, memoryMb, cpus: null, processes, maxMessageBytes },
      count,
    });
    const { threads, processes: nodes, pythons } = options.spares;
    this.#wanted = [spare('thread', 'process', threads), spare('node', more.wall, nodes), spare('python', more.wall, pythons)];
    this.#start = more.start;
    this.#refillIn(firstDelayMs);
  }

  /** A spare that fits, or null. */
  take({ kind, wall, memoryMb }: WorkerOptions): PooledWorker | null {
    for (const spare of this.#spares) {
      const fits = kind === 'thread' ? spare.options.memoryMb === memoryMb : spare.options.memoryMb >= memoryMb;
      if (spare.options.kind !== kind || spare.options.wall !== wall || !fits) continue;
      this.#spares.delete(spare);
      this.#refillIn(refillDelayMs);
      return spare;
    }
    return null;
  }

  /** False when it was none of these. */
  remove(worker: PooledWorker): boolean {
    const had = this.#spares.delete(worker);
    if (had) this.#refillIn(afterDeathMs);
    return had;
  }

  [Symbol.iterator](): Iterator<PooledWorker> {
    return this.#spares.values();
  }

  close(): void {
    this.#closed = true;
    if (this.#refill !== null) clearTimeout(this.#refill);
    for (const spare of this.#spares) spare.kill();
  }

  #refillIn(delayMs: number): void {
    if (this.#closed || this.#refill !== null) return;
    this.#refill = setTimeout(() => {
      this.#refill = null;
      this.#startOne();
    }, delayMs).unref();
  }

  /** One at a time: starting takes a moment of the server's own thread. */
  #startOne(): void {
    const missing = this.#wanted.find(({ options, count }) => this.#count(options.kind) < count);
    if (missing === undefined) return;
    try {
      this.#spares.add(this.#start(missing.options));
      this.#refillIn(refillDelayMs);
    } catch {
      // A full disk or table of processes: the next call that needs a worker tells its caller.
      this.#refillIn(afterDeathMs);
    }
  }

  #count(kind: WorkerKind): number {
    let count = 0;
    for (const spare of this.#spares) if (spare.options.kind === kind) count += 1;
    return count;
  }
}
