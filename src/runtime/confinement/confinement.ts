import type { FunctionWorker, Wall, WorkerListener, WorkerOptions } from '../function-worker.js';
import { launchLimited, type ProcessLimits } from '../limits/launch-limited.js';
import type { ResourceGroup } from '../limits/resource-group.js';
import { cleanEnvironment } from '../process-launch.js';
import type { Scratch } from '../scratch.js';
import { type Cell, inside, launchInCell, type Surroundings } from './bubblewrap.js';
import { ConfinedWorker } from './confined-worker.js';
import { ExecutableCell } from './executable-cell.js';
import { Identities, type Identity } from './identities.js';
import { connectToWorld, forbiddenAddresses, type NetworkLink, type Outbound } from './outbound-network.js';
import { findPythonFiles, findNodeFiles, type RuntimeFiles } from './runtime-files.js';
import { Slot } from './slot.js';

/** Descriptors of a worker before those of bubblewrap: standard ones, and the two that messages go by. */
const workerDescriptors = 5;
const executableDescriptors = 3;

/** What a node or python worker is started with besides its options. */
interface StartParts {
  /** As for `findPythonFiles`. */
  python: string;
  /** Unique among the workers of this server. */
  name: string;
  scratch: Scratch;
  group: ResourceGroup;
  limits: ProcessLimits;
  listener: WorkerListener;
}

/** Starts everything that runs in cells. There is one where that was proved to work, see `openConfinement`. */
export class Confinement {
  readonly outbound: Outbound;
  readonly #surroundings: Surroundings;
  readonly #slots: string;
  readonly #identities: Identities;
  readonly #node = findNodeFiles();
  readonly #pythons = new Map<string, RuntimeFiles>();
  #made = 0;

  /** Slots are made in the folder `slots`: on the file system of the unpacked versions their files are links. */
  constructor(surroundings: Surroundings, more: { slots: string; outbound: Outbound }) {
    this.#surroundings = surroundings;
    this.#slots = more.slots;
    this.outbound = more.outbound;
    this.#identities = new Identities(surroundings.asRoot);
  }

  /** Of functions with `network: outbound`. Only root can close a cell to addresses when it is there already, as a spare is. */
  get outboundWall(): Wall {
    if (this.outbound.how === 'host') return 'cell on the host network';
    return this.#surroundings.asRoot ? 'cell' : 'cell closed to this machine';
  }

  /** A node or python worker, without a version. */
  startWorker(options: WorkerOptions & { kind: 'node' | 'python' }, { python, name, ...parts }: StartParts): FunctionWorker {
    const { command, shown } = options.kind === 'node' ? this.#node : this.#findPython(python);
    const args =
      options.kind === 'node'
        ? [`--max-old-space-size=${options.memoryMb}`, `${inside.workerCode}/process-entry.js`]
        : ['-I', '-B', '-u', `${inside.workerCode}/python/worker.py`];
    const { slot, cell } = this.#makeCell(name, options.wall, shown);
    const program = { command, args, env: cleanEnvironment(inside.tmp), cwd: inside.tmp };
    try {
      const launch = launchInCell(program, cell, { surroundings: this.#surroundings, firstDescriptor: workerDescriptors });
      const limited = launchLimited(launch, parts.group, parts.limits);
      return new ConfinedWorker(options, limited, { ...parts, slot, connect: (init) => this.#connect(init) });
    } catch (error) {
      void slot.remove();
      throw error;
    }
  }

  /** Where one run of an executable will take place. */
  makeExecutableCell(name: string, { wall }: WorkerOptions): ExecutableCell {
    const { slot, cell } = this.#makeCell(name, wall, []);
    return new ExecutableCell(slot, {
      connect: (init) => this.#connect(init),
      launch: ({ folder, command, args, env, waits }) => {
        slot.putEnvironment(env);
        return launchInCell(
          { ...withEnvironmentOfSlot(command, args), env: cleanEnvironment(inside.tmp), cwd: inside.code, waits },
          { ...cell, code: folder },
          { surroundings: this.#surroundings, firstDescriptor: executableDescriptors },
        );
      },
    });
  }

  #makeCell(name: string, wall: WorkerOptions['wall'], shown: readonly string[]): { slot: Slot; cell: Cell } {
    const identity: Identity = this.#identities.take();
    this.#made += 1;
    const slot = new Slot(this.#slots, `${name}.${this.#made}`, identity);
    const sharesNetwork = wall === 'cell on the host network';
    if (sharesNetwork) slot.shareResolver();
    const closedTo = wall === 'cell closed to this machine' ? forbiddenAddresses() : [];
    return { slot, cell: { slot: slot.folder, identity, shown, code: null, sharesNetwork, closedTo } };
  }

  #findPython(setting: string): RuntimeFiles {
    const found = this.#pythons.get(setting) ?? findPythonFiles(setting);
    this.#pythons.set(setting, found);
    return found;
  }

  #connect(init: number): NetworkLink {
    if (this.outbound.how !== 'own') return { up: Promise.resolve(), close: () => undefined };
    return connectToWorld(init, this.outbound.programs, this.#surroundings.asRoot);
  }
}

/**
 * What a manifest says of the environment (`LD_PRELOAD`) is not for the programs that build the cell, and its secrets are for
 * no command line: any user of the machine can read those. So it is set by a shell that has no rights any more, from a file.
 */
function withEnvironmentOfSlot(command: string, args: readonly string[]): { command: string; args: string[] } {
  const script = `unset PWD OLDPWD SHLVL _; . ${inside.slot}/etc/environment; exec "$@"`;
  return { command: '/bin/sh', args: ['-c', script, 'laneway', command, ...args] };
}
