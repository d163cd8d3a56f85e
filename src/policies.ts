import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, ConfigError } from './config.js';
import { messageOf } from './errors.js';
import type { EndDeliverySettings } from './runs/deliveries/end-deliveries.js';
import { chooseIsolation, type IsolationPolicy } from './runs/choose-isolation.js';
import type { RunsPolicy } from './runs/open-runs.js';
import type { ConfinementOptions, ProbedConfinement } from './runtime/confinement/open-confinement.js';
import type { LocalExecutorOptions } from './runtime/executor-options.js';
import type { StoreOptions } from './store/open-store.js';

/** What the settings mean to each part. Parts know their own options and nothing of settings. */
export function runsPolicy(config: Config, confinement: ProbedConfinement): RunsPolicy {
  return {
    isolation: isolationPolicy(config, confinement),
    defaultTimeoutMs: config.TIMEOUT,
    maxSyncTimeoutMs: config.MAX_SYNC_TIMEOUT,
    maxQueuedTimeoutMs: config.MAX_QUEUED_TIMEOUT,
    places: config.QUEUE_CONCURRENCY,
    placesKeptBack: Math.floor((config.QUEUE_CONCURRENCY * (100 - config.QUEUE_SHARE)) / 100),
    takeOverMs: config.LEASE,
    maxQueued: config.MAX_QUEUED,
    maxQueuedRuns: config.MAX_QUEUED_RUNS,
    expiresAfterMs: config.EXPIRES_AFTER === 0 ? null : config.EXPIRES_AFTER,
    keepIdempotencyMs: config.KEEP_IDEMPOTENCY,
    writeBehindRows: config.WRITE_BEHIND,
    maxFollowers: config.MAX_FOLLOWERS,
    followerBufferBytes: config.FOLLOWER_BUFFER,
    retention: {
      runsMs: config.KEEP_RUNS,
      deadLettersMs: config.KEEP_DEAD_LETTERS,
      logsMs: config.KEEP_LOGS,
      runsAtMost: config.KEEP_RUNS_AT_MOST === 0 ? null : config.KEEP_RUNS_AT_MOST,
    },
  };
}

/** Throws ConfigError for a level that every function is to have by a setting and none can have here. */
export function isolationPolicy(config: Config, { cells, problem }: ProbedConfinement): IsolationPolicy {
  for (const name of ['MIN_ISOLATION', 'DEFAULT_ISOLATION'] as const) {
    if (config[name] !== 'confined' || cells !== null) continue;
    throw new ConfigError(`LANEWAY_${name} must be a level that this machine can give, not "confined": ${problem}`);
  }
  return { strongest: cells === null ? 'process' : 'confined', byDefault: config.DEFAULT_ISOLATION, floor: config.MIN_ISOLATION };
}

/** One line for whoever starts the server. */
export function describeIsolation(config: Config, confinement: ProbedConfinement): string {
  const level = chooseIsolation({}, 'node', isolationPolicy(config, confinement));
  const outbound = confinement.cells?.outbound;
  if (confinement.cells === null) return `${level}; confined can not be had: ${confinement.problem}`;
  return outbound?.how === 'none' ? `${level}; ${outbound.problem}` : level;
}

/** What `/ready` tells of it; the problem is null where functions can be confined. */
export function isolationFacts(config: Config, confinement: ProbedConfinement): Record<string, unknown> {
  const { strongest, byDefault, floor } = isolationPolicy(config, confinement);
  const outbound = confinement.cells?.outbound;
  return {
    strongest,
    default: byDefault,
    floor,
    confined_problem: confinement.problem,
    outbound_network: outbound?.how ?? null,
    outbound_problem: outbound?.how === 'none' ? outbound.problem : null,
  };
}

export function deliverySettings(config: Config): EndDeliverySettings {
  return { allowPrivate: config.WEBHOOK_PRIVATE === 'yes', everyMs: 2000, webhookTimeoutMs: 10_000 };
}

export function confinementOptions(config: Config): ConfinementOptions {
  return {
    folder: workersFolder(config),
    slots: join(config.STORE, '.laneway', 'slots'),
    hidden: [config.DATA, config.STORE],
    tmpBytes: config.TMP,
    outbound: config.OUTBOUND_NETWORK,
  };
}

export function executorOptions(config: Config, confinement: ProbedConfinement): Omit<LocalExecutorOptions, 'secretsFor'> {
  const usual = chooseIsolation({}, 'node', isolationPolicy(config, confinement));
  return {
    folder: workersFolder(config),
    confinement,
    defaults: {
      memoryMb: config.MEMORY_MB,
      processes: config.PROCESSES,
      concurrency: config.FUNCTION_CONCURRENCY,
      timeoutMs: config.TIMEOUT,
    },
    limits: {
      maxMemoryMb: config.MAX_MEMORY_MB,
      maxProcesses: config.MAX_PROCESSES,
      openFiles: config.MAX_OPEN_FILES,
      scratchBytes: config.MAX_SCRATCH,
      maxResultBytes: config.MAX_RESULT,
      maxLogBytes: config.MAX_LOG,
      maxWorkers: config.MAX_WORKERS,
      maxWarm: warmLimits(config).maxWarm,
      maxWaiting: config.MAX_WAITING,
    },
    spares: {
      threads: config.SPARE_THREADS,
      processes: config.SPARE_PROCESSES,
      pythons: config.SPARE_PYTHONS,
      wall: usual === 'confined' ? 'cell' : 'process',
    },
    idleMs: config.IDLE_WORKER,
    graceMs: 200,
    watchdog: { marginMs: Math.min(config.LEASE / 10, 1000) },
    python: config.PYTHON,
  };
}

export function storeOptions(config: Config): Pick<StoreOptions, 'folder' | 'ftp' | 'limits'> {
  const ftp = config.FTP_URL === null ? null : { url: config.FTP_URL, ca: readCa(config), connections: config.FTP_CONNECTIONS };
  return {
    folder: config.STORE,
    ftp,
    limits: {
      maxUpload: config.MAX_UPLOAD,
      maxUnpacked: config.MAX_UNPACKED,
      maxEntries: config.MAX_ENTRIES,
      maxRatio: config.MAX_RATIO,
      maxMemoryMb: config.MAX_MEMORY_MB,
      maxProcesses: config.MAX_PROCESSES,
      maxCpu: config.MAX_CPU,
    },
  };
}

function workersFolder({ DATA }: Config): string {
  return join(DATA, 'workers');
}

/** A floor is never taken for other versions: some places stay for them. */
export function warmLimits(config: Config): { concurrency: number; maxWarm: number } {
  return { concurrency: config.FUNCTION_CONCURRENCY, maxWarm: Math.min(config.MAX_WARM, config.MAX_WORKERS - 1) };
}

function readCa({ FTP_CA: file }: Config): string | null {
  if (file === null) return null;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`LANEWAY_FTP_CA must be a PEM file that can be read, not ${JSON.stringify(file)}: ${messageOf(error)}`);
  }
}
