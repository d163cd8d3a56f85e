import type { ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
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
  /** It begins when a byte comes. */
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
  #waits = false;
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
    this.#waits = network === 'outbound';
    if (this.#waits) this.#slot.put('resolv.conf', resolvConf);
    const isShown = isOpenToAll(folder);
    if (!isShown) this.#slot.fillNow(folder);
    return this.#ways.launch({
      folder: isShown ? folder : null,
      command: `${inside.code}/${file}`,
      args: [argument],
      env,
      waits: this.#waits,
    });
  }

  /** Takes charge of the process that was started by `launch`. `onProblem`: it can't be given what its manifest says. */
  watch(child: ChildProcess, onProblem: (error: unknown) => void): void {
    const [information, , start] = child.stdio.slice(3) as unknown as [Readable, null, Writable | undefined];
    this.#processes = new CellProcesses(information, () => {
      if (this.#waits) this.#connect(start!).catch(onProblem);
    });
  }

  /** By SIGTERM to all of its group but the first one, which hears nothing. Throws when it is gone. */
  askToEnd(): void {
    if (this.groupPid !== null) process.kill(-this.groupPid, 'SIGTERM');
  }

  remove(): void {
    this.#link?.close();
    this.#slot.remove();
  }

  async #connect(start: Writable): Promise<void> {
    this.#link = this.#ways.connect(this.#processes!.init!);
    await this.#link.up;
    start.on('error', () => undefined);
    start.end('1');
  }
}
