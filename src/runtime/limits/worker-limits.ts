import type { WorkerOptions } from '../function-worker.js';
import type { ResourceLimits } from './resource-group.js';

const megabyte = 1024 * 1024;
/** While a runtime starts, before a function is in it. */
const startMemoryMb = 256;
const startProcesses = 64;
/** Threads that Node makes later, when files or names are first asked for. */
export const lateThreads = { node: 8, python: 0 } as const;

/** The limits of a version for its worker. */
export function workerLimits({ memoryMb, cpus, processes }: WorkerOptions): ResourceLimits {
  return { memoryBytes: memoryMb * megabyte, cpus, processes };
}

/** Those of a worker that has no version yet; an executable has it from the beginning. */
export function startLimits(options: WorkerOptions): ResourceLimits {
  if (options.kind === 'executable') return workerLimits(options);
  return { memoryBytes: startMemoryMb * megabyte, cpus: null, processes: startProcesses };
}
