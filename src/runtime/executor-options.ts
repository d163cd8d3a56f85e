import type { ColdReason } from '../contract/executor.js';
import type { ProbedConfinement } from './confinement/open-confinement.js';
import type { Wall } from './function-worker.js';
import type { OwnCgroups } from './limits/own-cgroups.js';

/** What `createLocalExecutor` is built with. */
export interface LocalExecutorOptions {
  /** Private to this server process: notes of its worker processes and their temporary folders. Made when missing. */
  folder: string;
  /** For manifests that are silent. */
  defaults: { memoryMb: number; processes: number; concurrency: number; timeoutMs: number };
  limits: {
    maxMemoryMb: number;
    /** Processes and threads of one worker, besides those of its runtime. */
    maxProcesses: number;
    /** Of one process. */
    openFiles: number;
    /** What a worker may have in its temporary folder, and the largest file it may write anywhere. */
    scratchBytes: number;
    maxResultBytes: number;
    /** Of a run's log, and again of its stream. */
    maxLogBytes: number;
    /** Workers of this server together, spares apart. */
    maxWorkers: number;
    /** Of these, what all floors together may keep; fewer than `maxWorkers`, so that other versions have a place. */
    maxWarm: number;
    /** `bounded` runs waiting for one version. */
    maxWaiting: number;
  };
  confinement: ProbedConfinement;
  /** Workers kept started before their version is known; `wall` is that of the processes. */
  spares: { threads: number; processes: number; pythons: number; wall: Wall };
  /** A warm worker without work is ended after this time. */
  idleMs: number;
  /** Between the signal of a cancel or coming timeout and the kill. */
  graceMs: number;
  /**
   * A process that ends the workers when this one can't: at its death with all they started, and those of queued runs
   * `marginMs` before their leases end, see `leasesHoldUntil`. null for none.
   */
  watchdog: { marginMs: number } | null;
  /** Where this server is in the trees of cgroups; found by /proc when absent. */
  cgroups?: OwnCgroups;
  /** `auto`, a name or a path. */
  python: string;
  /** Values of secrets by name. May throw a LanewayError, which then refuses the run. */
  secretsFor: (names: readonly string[]) => Record<string, string>;
}

/** Numbers for metrics and `/ready`. */
export interface LocalExecutorStats {
  workers: {
    kind: 'thread' | 'node' | 'python' | 'executable';
    state: 'spare' | 'loading' | 'idle' | 'busy' | 'ending';
    count: number;
  }[];
  /** For people: how memory, processes and cpu of worker processes are limited on this machine. */
  resources: string;
  waiting: number;
  /** Lying ready at a worker that carries out another one. */
  ahead: number;
  running: number;
  /** Workers loaded ahead of any call, since the start. */
  warmLoads: number;
  /** Versions that keep workers warm: how many they want and how many there are. */
  floors: { function: string; lane: string; version: string; floor: number; workers: number }[];
  /** Since the start. */
  coldStarts: Record<ColdReason, number>;
}
