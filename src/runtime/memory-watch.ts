import { listPids, readProcess, residentBytes } from './process-group.js';
import type { PooledWorker } from './pooled-worker.js';

const leaderEveryMs = 100;
const groupEveryMs = 400;
const megabyte = 1024 * 1024;

/** What a worker's processes besides its leader hold together. */
interface Members {
  bytes: number;
  count: number;
}

/**
 * Ends runs that hold more than their function may. Where the kernel holds the limit, only to see that one of a worker's
 * children was ended for it. Elsewhere by resident memory and number of processes: the leader is looked at often, all that
 * descend from it less often; what the leader held before any code of the function was in it is not counted.
 */
export class MemoryWatch {
  /** Processes that are no worker's: they never become one's later, so they are read once. */
  #strangers = new Set<number>();
  #leaderAt = 0;
  #groupAt = 0;

  /** Called at every tick while processes run something. */
  watch(now: number, workers: Iterable<PooledWorker>): void {
    if (now - this.#leaderAt < leaderEveryMs) return;
    this.#leaderAt = now;
    const watched = new Map<number, PooledWorker>();
    for (const worker of workers) {
      const { mainPid } = worker.worker;
      if (worker.run === null || mainPid === null || worker.state === 'ending') continue;
      if (isCounted(worker)) endForLostChild(worker);
      else watched.set(mainPid, worker);
    }
    if (watched.size > 0) this.#watchGroups(watched, now);
  }

  #watchGroups(watched: Map<number, PooledWorker>, now: number): void {
    const members = now - this.#groupAt >= groupEveryMs ? this.#membersOf(watched, now) : new Map<number, Members>();
    for (const [pid, worker] of watched) {
      const { bytes, count } = members.get(worker.worker.groupPid!) ?? { bytes: 0, count: 0 };
      const { memoryMb, processes } = worker.line!.workerOptions;
      const used = residentBytes(pid) - worker.baseline + bytes;
      if (used > memoryMb * megabyte) {
        worker.kill({ reason: 'out_of_memory', message: `${Math.ceil(used / megabyte)} MB of ${memoryMb} MB` });
      } else if (count > processes) {
        worker.kill({ reason: 'function_error', message: `it had ${count} processes and may have ${processes}` });
      }
    }
  }

  /** By group, without its first process and the worker's own. */
  #membersOf(watched: Map<number, PooledWorker>, now: number): Map<number, Members> {
    this.#groupAt = now;
    const all = new Map<number, Members>();
    const groups = new Map<number, number>();
    for (const [pid, { worker }] of watched) groups.set(pid, worker.groupPid!).set(worker.groupPid!, worker.groupPid!);
    const strangers = new Set<number>();
    for (const pid of listPids()) {
      if (groups.has(pid)) continue;
      const group = this.#strangers.has(pid) ? null : this.#groupOf(pid, groups);
      if (group === null) {
        strangers.add(pid);
        continue;
      }
      const members = all.get(group) ?? { bytes: 0, count: 0 };
      all.set(group, { bytes: members.bytes + residentBytes(pid), count: members.count + 1 });
    }
    this.#strangers = strangers;
    return all;
  }

  /** One that made a group of its own is known by its ancestors: in a cell the first process of all is one of every other. */
  #groupOf(pid: number, groups: ReadonlyMap<number, number>): number | null {
    for (let at = pid; at > 1 && !this.#strangers.has(at);) {
      const facts = readProcess(at);
      if (facts === null) return null;
      const group = groups.get(facts.pgid) ?? groups.get(facts.parent);
      if (group !== undefined) return group;
      at = facts.parent;
    }
    return null;
  }
}

function isCounted({ worker: { group } }: PooledWorker): boolean {
  return group !== undefined && group.memoryBytes() !== null;
}

/** The kernel ends the largest process of a worker, which may be a child: the run has failed all the same. */
function endForLostChild(worker: PooledWorker): void {
  const exceeded = worker.worker.group?.exceeded();
  if (exceeded?.reason === 'out_of_memory') worker.kill({ reason: 'out_of_memory', message: exceeded.message });
}
