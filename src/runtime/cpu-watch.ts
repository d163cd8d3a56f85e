import type { ActiveRun } from './active-run.js';
import type { PooledWorker } from './pooled-worker.js';

const everyMs = 100;
const longMs = 1000;

/**
 * Lets short runs go first: a worker whose run has gone on for a second gives way to the others where the processor does
 * not suffice for all, so that endless loops leave warm calls their time. One that only waits loses nothing by it. Only where the kernel has workers in groups
 * of the processor: as plain processes short runs come first by themselves.
 */
export class CpuWatch {
  /** Workers that give way, and the run for which they do. */
  #yielding = new Map<PooledWorker, ActiveRun>();
  #begun = new Map<PooledWorker, { run: ActiveRun; at: number }>();
  #lookedAt = 0;

  /** Called at every tick while processes run something. */
  watch(now: number, workers: Iterable<PooledWorker>): void {
    if (now - this.#lookedAt < everyMs) return;
    this.#lookedAt = now;
    const before = this.#begun;
    this.#begun = new Map();
    for (const worker of workers) this.#judge(worker, before.get(worker), now);
    for (const [worker, run] of this.#yielding) if (worker.run !== run) this.#restore(worker);
  }

  #judge(worker: PooledWorker, seen: { run: ActiveRun; at: number } | undefined, now: number): void {
    const { run } = worker;
    if (run === null || worker.state !== 'busy' || worker.worker.group === undefined) return;
    const begun = seen?.run === run ? seen : { run, at: now };
    this.#begun.set(worker, begun);
    if (now - begun.at < longMs || this.#yielding.has(worker)) return;
    this.#yielding.set(worker, run);
    worker.worker.group.yieldCpu(true);
  }

  #restore(worker: PooledWorker): void {
    this.#yielding.delete(worker);
    if (worker.state !== 'gone') worker.worker.group?.yieldCpu(false);
  }
}
