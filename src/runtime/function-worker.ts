import type { ResourceGroup } from './limits/resource-group.js';
import type { FromWorker, RunMessage, ToWorker } from './messages.js';

/** Ways of having a worker. `executable` is one process for one run; the others serve many. */
export type WorkerKind = 'thread' | 'node' | 'python' | 'executable';

/**
 * What stands around a worker's process: nothing more; a cell; a cell that is on the server's own network; or one that is closed
 * to this machine's addresses from its beginning, because nobody may close it later.
 */
export type Wall = 'process' | 'cell' | 'cell on the host network' | 'cell closed to this machine';

/**
 * One worker, whatever wall it stands behind. It only carries messages: what they mean is `PooledWorker`'s.
 * It does not keep the server alive by itself.
 */
export interface FunctionWorker {
  readonly kind: WorkerKind;
  /** Leader of the worker's own process group, to be watched and killed; null for a thread and before there is a process. */
  readonly pid: number | null;
  /** The process that holds the function, to be looked at; in a cell it is another one than `pid`. */
  readonly mainPid: number | null;
  /** The process group that it is in. */
  readonly groupPid: number | null;
  /** Whether there are processes besides the worker's own. */
  hasOthers(): boolean;
  /** Holds the limits of it and all it starts; absent for a thread. */
  readonly group?: ResourceGroup;
  /** Private to a process; absent for a thread. */
  readonly scratchFolder?: string;
  send(message: ToWorker): void;
  /** Sends a run that is begun after those it has, and that can be recalled until then; false when there is no room for it. */
  sendAhead(message: RunMessage): boolean;
  /** Runs that were sent ahead and that it has not begun will not be begun: `onRecalled` tells how many, now or soon. */
  recall(): void;
  /** From now on it is under the limits of its version. Comes before the version itself; absent for a thread. */
  limit?(options: WorkerOptions): void;
  /** Ends it and everything it started, at once. `onExit` follows, once. */
  kill(): void;
}

/** Who listens to a worker. */
export interface WorkerListener {
  onMessage(message: FromWorker): void;
  /** It said something that is no message of the protocol; the sentence is for the log. */
  onMalformed(problem: string): void;
  /** The last so many of the runs that were sent will not be begun. */
  onRecalled(runs: number): void;
  /** What came out of descriptors 1 and 2 of its processes. */
  onOutput(stream: 'stdout' | 'stderr', text: string): void;
  onExit(exit: WorkerExit): void;
}

/** How a worker ended. */
export type WorkerExit =
  /** `note`: a limit it had run into. */
  | { how: 'code'; code: number; note?: string | undefined }
  | { how: 'signal'; signal: NodeJS.Signals; note?: string | undefined }
  | { how: 'out_of_memory'; message: string }
  /** It could not be started at all. */
  | { how: 'not_started'; message: string; missing: boolean };

/** What a worker is started with; all of it is known before the version is. */
export interface WorkerOptions {
  kind: WorkerKind;
  wall: Wall;
  memoryMb: number;
  /** Cores; null: as many as there are. */
  cpus: number | null;
  /** Processes and threads besides those of the runtime. */
  processes: number;
  /** Largest message it may send. */
  maxMessageBytes: number;
}
