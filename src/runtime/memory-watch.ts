import { listPids, readProcess, residentBytes } from './process-group.js';
import type { PooledWorker } from './pooled-worker.js';

const leaderEveryMs = 100;
const groupEveryMs = 400;
const megabyte = 1024 * 1024;

/**
 * Ends runs whose processes hold more resident memory than their function may: the leader is looked at often, its whole
 * group less often. What the leader held before any code of the function was in it is not counted.
 */
export class MemoryWatch {
  /** Of processes that are no worker's: a group is never joined later by strangers, so they are read once. */
  #strangers = new Set<number>();
  #leaderAt = 0;
  #groupAt = 0;

  /** Called at every tick while processes run something. */
  watch(now: number, workers: Iterable<PooledWorker>): void {
    if (now - this.#leaderAt < leaderEveryMs) return;
    this.#leaderAt = now;
    const running = new Map<number, PooledWorker>();
    for (const worker of workers) {
      const { mainPid } = worker.worker;
      if (worker.run !== null && mainPid !== null && worker.state !== 'ending') running.set(mainPid, worker);
    }
    if (running.size === 0) return;
    const children = now - this.#groupAt >= groupEveryMs ? this.#childrenOf(running, now) : new Map<number, number>();
    for (const [pid, worker] of running) {
      const used = residentBytes(pid) - worker.baseline + (children.get(worker.worker.groupPid!) ?? 0);
      const limit = worker.line!.workerOptions.memoryMb;
      if (used > limit * megabyte) {
        worker.kill({ reason: 'out_of_memory', message: `${Math.ceil(used / megabyte)} MB of ${limit} MB` });
      }
    }
  }

  /** Resident bytes of the groups' members besides their leaders, by group. */
  #childrenOf(running: Map<number, PooledWorker>, now: number): Map<number, number> {
    this.#groupAt = now;
    const sums = new Map<number, number>();
    const groups = new Set([...running.values()].map(({ worker }) => worker.groupPid));
    const strangers = new Set<number>();
    for (const pid of listPids()) {
      if (this.#strangers.has(pid)) {
        strangers.add(pid);
        continue;
      }
      const pgid = readProcess(pid)?.pgid;
      if (pgid === undefined || pid === pgid || running.has(pid)) continue;
      if (groups.has(pgid)) sums.set(pgid, (sums.get(pgid) ?? 0) + residentBytes(pid));
      else strangers.add(pid);
    }
    this.#strangers = strangers;
    return sums;
  }
}
