import { join } from 'node:path';
import type { Config } from './config.js';
import type { RunsPolicy } from './runs/open-runs.js';
import type { LocalExecutorOptions } from './runtime/executor-options.js';

/** What the settings mean to each part. Parts know their own options and nothing of settings. */
export function runsPolicy(config: Config): RunsPolicy {
  return {
    isolation: { strongest: 'process', byDefault: config.DEFAULT_ISOLATION, floor: config.MIN_ISOLATION },
    defaultTimeoutMs: config.TIMEOUT,
    maxSyncTimeoutMs: config.MAX_SYNC_TIMEOUT,
    maxQueuedTimeoutMs: config.MAX_QUEUED_TIMEOUT,
    queueConcurrency: config.QUEUE_CONCURRENCY,
    leaseMs: config.LEASE,
    writeBehindRows: config.WRITE_BEHIND,
    maxFollowers: config.MAX_FOLLOWERS,
    followerBufferBytes: config.FOLLOWER_BUFFER,
    keepRunsMs: config.KEEP_RUNS,
  };
}

export function executorOptions(config: Config): Omit<LocalExecutorOptions, 'secretsFor'> {
  return {
    folder: join(config.DATA, 'workers'),
    defaults: { memoryMb: config.MEMORY_MB, concurrency: config.FUNCTION_CONCURRENCY, timeoutMs: config.TIMEOUT },
    limits: {
      maxMemoryMb: config.MAX_MEMORY_MB,
      maxResultBytes: config.MAX_RESULT,
      maxLogBytes: config.MAX_LOG,
      maxWorkers: config.MAX_WORKERS,
      maxWaiting: config.MAX_WAITING,
    },
    spares: { threads: config.SPARE_THREADS, processes: config.SPARE_PROCESSES },
    idleMs: config.IDLE_WORKER,
    graceMs: 200,
    python: config.PYTHON,
  };
}
