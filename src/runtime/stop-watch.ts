import type { PooledWorker } from './pooled-worker.js';
import { readProcess } from './process-group.js';

const everyMs = 500;
const patienceMs = 5000;

/**
 * Ends runs whose process is stopped (SIGSTOP): it answers nobody, and a lease is renewed only for who answers. Seen
 * stopped at every look for five seconds, so that a debugger's or a job control's short stop does no harm.
 */
export class StopWatch {
  /** Since when a worker was seen stopped, in milliseconds of `performance.now`. */
  #stoppedSince = new Map<PooledWorker, number>();
  #lookedAt = 0;

  /** Called at every tick while processes run something. */
  watch(now: number, workers: Iterable<PooledWorker>): void {
    const sinceLook = now - this.#lookedAt;
    if (sinceLook < everyMs) return;
    this.#lookedAt = now;
    // After a long gap this server was stopped itself, maybe with all its workers: they get their time anew.
    const before = sinceLook > 4 * everyMs ? new Map<PooledWorker, number>() : this.#stoppedSince;
    this.#stoppedSince = new Map();
    for (const worker of workers) if (isStopped(worker)) this.#judge(worker, before.get(worker) ?? now, now);
  }

  #judge(worker: PooledWorker, since: number, now: number): void {
    this.#stoppedSince.set(worker, since);
    if (now - since < patienceMs) return;
    worker.kill({ reason: 'worker_lost', message: `the worker was stopped (SIGSTOP) for ${Math.round((now - since) / 1000)} s` });
  }
}

function isStopped({ run, state, worker: { mainPid } }: PooledWorker): boolean {
  return run !== null && state !== 'ending' && mainPid !== null && readProcess(mainPid)?.stopped === true;
}
