import type { Confinement } from './confinement/confinement.js';
import { ExecutableWorker } from './executable-worker.js';
import type { FunctionWorker, WorkerKind, WorkerListener, WorkerOptions } from './function-worker.js';
import { launchLimited, type ProcessLimits } from './limits/launch-limited.js';
import type { ResourceGroup, ResourceGroups } from './limits/resource-group.js';
import { startLimits } from './limits/worker-limits.js';
import { serverName } from './process-group.js';
import { launchNode, launchPython } from './process-launch.js';
import { ProcessWorker } from './process-worker.js';
import { Scratch } from './scratch.js';
import { ThreadWorker } from './thread-worker.js';

/** The one place that chooses how a worker is had. */
export class WorkerStarter {
  readonly #folder: string;
  readonly #python: string;
  readonly #confinement: Confinement | null;
  readonly #groups: ResourceGroups;
  readonly #limits: ProcessLimits;
  readonly #onEnded: (scratch: string) => void;
  readonly #server = serverName();
  #started = 0;

  /** `onEnded` gets the name of the temporary folder of each process that is gone. */
  constructor(
    options: {
      folder: string;
      python: string;
      groups: ResourceGroups;
      limits: ProcessLimits;
      confinement: Confinement | null;
    },
    onEnded: (scratch: string) => void,
  ) {
    this.#folder = options.folder;
    this.#python = options.python;
    this.#confinement = options.confinement;
    this.#groups = options.groups;
    this.#limits = options.limits;
    this.#onEnded = onEnded;
  }

  start(options: WorkerOptions, listener: WorkerListener): FunctionWorker {
    const { kind } = options;
    if (kind === 'thread') return new ThreadWorker(options, listener);
    this.#started += 1;
    const name = `${this.#server}.w${this.#started}`;
    const group = this.#groups.open(name, startLimits(options));
    try {
      return this.#startIn(group, name, { options, listener });
    } catch (error) {
      group.remove();
      throw error;
    }
  }

  #startIn(group: ResourceGroup, name: string, more: { options: WorkerOptions; listener: WorkerListener }): FunctionWorker {
    const { options, listener } = more;
    const { kind } = options;
    const scratch = new Scratch(this.#folder, name, () => this.#onEnded(name));
    const parts = { scratch, group, limits: this.#limits, listener };
    if (options.wall !== 'process') return this.#startInCell({ ...options, kind: kind as CellKind }, name, parts);
    if (kind === 'executable') return new ExecutableWorker({ ...parts, cell: null });
    const launch = kind === 'node' ? launchNode(options.memoryMb, scratch.folder) : launchPython(this.#python, scratch.folder);
    const limited = launchLimited(launch, group, this.#limits);
    return new ProcessWorker({ ...options, kind: kind as 'node' | 'python' }, limited, { scratch, group, listener });
  }

  #startInCell(options: WorkerOptions & { kind: CellKind }, name: string, parts: CellParts): FunctionWorker {
    const { kind } = options;
    const confinement = this.#confinement!;
    if (kind === 'executable') return new ExecutableWorker({ ...parts, cell: confinement.makeExecutableCell(name, options) });
    return confinement.startWorker({ ...options, kind }, { ...parts, python: this.#python, name });
  }
}

type CellKind = Exclude<WorkerKind, 'thread'>;
interface CellParts {
  scratch: Scratch;
  group: ResourceGroup;
  limits: ProcessLimits;
  listener: WorkerListener;
}
