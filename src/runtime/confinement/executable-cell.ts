import type { ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Duplex, Readable } from 'node:stream';
import type { LoadMessage } from '../messages.js';
import type { Launch } from '../process-launch.js';
import { inside } from './bubblewrap.js';
import { CellProcesses } from './cell-processes.js';
import { type NetworkLink, resolvConf } from './outbound-network.js';
import type { Slot } from './slot.js';

export interface ExecutableProgram {
  /** The version's own folder, shown in place: it is known before the start. null: its slot is filled. */
  folder: string | null;
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  /** Its cell says when it is made; it begins when a line comes. */
  waits: boolean;
}

/** A server with a strict umask makes folders that its workers, which are other users, may not enter. */
function isOpenToAll(folder: string): boolean {
  return (statSync(folder).mode & 0o005) === 0o005;
}

interface Ways {
  launch: (program: ExecutableProgram) => Launch;
  connect: (init: number) => NetworkLink;
}

/** The cell in which one run of an executable takes place. */
export class ExecutableCell {
  readonly #slot: Slot;
  readonly #ways: Ways;
  #processes: CellProcesses | null = null;
  #link: NetworkLink | null = null;

  constructor(slot: Slot, ways: Ways) {
    this.#slot = slot;
    this.#ways = ways;
  }

  get mainPid(): number | null {
    return this.#processes?.main ?? null;
  }

  get groupPid(): number | null {
    return this.#processes?.init ?? null;
  }

  launch({ folder, file, network }: LoadMessage, argument: string, env: Record<string, string>): Launch {
    const waits = network === 'outbound';
    if (waits) this.#slot.put('resolv.conf', resolvConf);
    const isShown = isOpenToAll(folder);
    if (!isShown) this.#slot.fillNow(folder);
    return this.#ways.launch({
      folder: isShown ? folder : null,
      command: `${inside.code}/${file}`,
      args: [argument],
      env,
      waits,
    });
  }

  /** Takes charge of the process that was started by `launch`. `onProblem`: it can't be given what its manifest says. */
  watch(child: ChildProcess, onProblem: (error: unknown) => void): void {
    const [information, , gate] = child.stdio.slice(3) as unknown as [Readable, null, Duplex | undefined];
    const known = new Promise<void>((resolve) => (this.#processes = new CellProcesses(information, resolve)));
    if (gate === undefined) return;
    gate.on('error', () => undefined);
    // What happens in a network while bubblewrap makes it may fail for both.
    const isMade = new Promise((resolve) => gate.once('data', resolve));
    Promise.all([known, isMade])
      .then(() => this.#connect(gate))
      .catch(onProblem);
  }

  /** By SIGTERM to all of its group but the first one, which hears nothing. Throws when it is gone. */
  askToEnd(): void {
    if (this.groupPid !== null) process.kill(-this.groupPid, 'SIGTERM');
  }

  remove(): void {
    this.#link?.close();
    void this.#slot.remove();
  }

  async #connect(gate: Duplex): Promise<void> {
    this.#link = this.#ways.connect(this.#processes!.init!);
    await this.#link.up;
    gate.end('\n');
  }
}
