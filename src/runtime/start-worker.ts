import type { Confinement } from './confinement/confinement.js';
import { ExecutableWorker } from './executable-worker.js';
import type { FunctionWorker, WorkerKind, WorkerListener, WorkerOptions } from './function-worker.js';
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
  readonly #onEnded: (scratch: string) => void;
  readonly #server = serverName();
  #started = 0;

  /** `onEnded` gets the name of the temporary folder of each process that is gone. */
  constructor(options: { folder: string; python: string; confinement: Confinement | null }, onEnded: (scratch: string) => void) {
    this.#folder = options.folder;
    this.#python = options.python;
    this.#confinement = options.confinement;
    this.#onEnded = onEnded;
  }

  start(options: WorkerOptions, listener: WorkerListener): FunctionWorker {
    const { kind } = options;
    if (kind === 'thread') return new ThreadWorker(options, listener);
    this.#started += 1;
    const name = `${this.#server}.w${this.#started}`;
    const scratch = new Scratch(this.#folder, name, () => this.#onEnded(name));
    if (options.wall !== 'process') return this.#startInCell({ ...options, kind }, { scratch, name, listener });
    if (kind === 'executable') return new ExecutableWorker(scratch, listener, null);
    const launch = kind === 'node' ? launchNode(options.memoryMb, scratch.folder) : launchPython(this.#python, scratch.folder);
    return new ProcessWorker({ ...options, kind }, launch, { scratch, listener });
  }

  #startInCell(
    options: WorkerOptions & { kind: Exclude<WorkerKind, 'thread'> },
    { scratch, name, listener }: { scratch: Scratch; name: string; listener: WorkerListener },
  ): FunctionWorker {
    const { kind } = options;
    const confinement = this.#confinement!;
    if (kind === 'executable') return new ExecutableWorker(scratch, listener, confinement.makeExecutableCell(name, options));
    return confinement.startWorker({ ...options, kind }, { python: this.#python, scratch, name, listener });
  }
}
