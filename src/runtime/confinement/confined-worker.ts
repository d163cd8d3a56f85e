import { messageOf } from '../../errors.js';
import type { FunctionWorker, WorkerExit, WorkerListener, WorkerOptions } from '../function-worker.js';
import type { ResourceGroup } from '../limits/resource-group.js';
import type { FromWorker, LoadMessage, RunMessage, ToWorker } from '../messages.js';
import type { Launch } from '../process-launch.js';
import { ProcessWorker } from '../process-worker.js';
import type { Scratch } from '../scratch.js';
import { inside } from './bubblewrap.js';
import { CellProcesses } from './cell-processes.js';
import { type NetworkLink, resolvConf } from './outbound-network.js';
import type { Slot } from './slot.js';

export interface ConfinedParts {
  scratch: Scratch;
  group: ResourceGroup;
  slot: Slot;
  listener: WorkerListener;
  /** Joins the cell of this first process to the world. */
  connect: (init: number) => NetworkLink;
}

/**
 * A process worker in a cell of its own. What is said to it is held back until its cell is as it must be: the process is there,
 * its version lies in the slot, its network is what the manifest says. From then on it is a process worker like any other.
 */
export class ConfinedWorker implements FunctionWorker, WorkerListener {
  readonly kind: 'node' | 'python';
  readonly #process: ProcessWorker;
  readonly #cell: CellProcesses;
  readonly #parts: ConfinedParts;
  #held: ToWorker[] | null = [];
  #link: NetworkLink | null = null;
  #saysReady = false;
  #errorTail = '';
  /** Why its cell can't be what it must be. */
  #problem: string | null = null;
  /** Resolves when the process is there and it is known which it is. */
  readonly #there: Promise<void>;
  #onThere!: () => void;

  constructor(options: WorkerOptions & { kind: 'node' | 'python' }, launch: Launch, parts: ConfinedParts) {
    this.kind = options.kind;
    this.#parts = parts;
    this.#there = new Promise((resolve) => (this.#onThere = resolve));
    this.#process = new ProcessWorker(options, launch, { scratch: parts.scratch, group: parts.group, listener: this });
    this.#cell = new CellProcesses(this.#process.information!, () => this.#beThere());
  }

  get pid(): number | null {
    return this.#process.pid;
  }

  get mainPid(): number | null {
    return this.#cell.main;
  }

  get groupPid(): number | null {
    return this.#cell.init;
  }

  get group(): ResourceGroup {
    return this.#parts.group;
  }

  limit(options: WorkerOptions): void {
    this.#process.limit(options);
  }

  hasOthers(): boolean {
    return this.#cell.hasOthers();
  }

  send(message: ToWorker): void {
    if (this.#held === null) return this.#process.send(message);
    if (message.type !== 'load') return void this.#held.push(message);
    this.#held.push({ ...message, folder: inside.code });
    void this.#prepare(message);
  }

  sendAhead(message: RunMessage): boolean {
    this.send(message);
    return true;
  }

  recall(): void {
    this.send({ type: 'recall' });
  }

  /** The process outside takes everything inside along. */
  kill(): void {
    this.#process.kill();
  }

  onMessage(message: FromWorker): void {
    if (message.type !== 'ready' || this.#held === null) return this.#parts.listener.onMessage(message);
    this.#saysReady = true;
    this.#beThere();
  }

  onMalformed(problem: string): void {
    this.#parts.listener.onMalformed(problem);
  }

  onRecalled(runs: number): void {
    this.#parts.listener.onRecalled(runs);
  }

  onOutput(stream: 'stdout' | 'stderr', text: string): void {
    if (stream === 'stderr' && !this.#saysReady) this.#errorTail = (this.#errorTail + text).slice(-1000);
    this.#parts.listener.onOutput(stream, text);
  }

  onExit(exit: WorkerExit): void {
    this.#link?.close();
    void this.#parts.slot.remove();
    const failed = !this.#saysReady && exit.how === 'code' && /^(bwrap|setpriv): /m.test(this.#errorTail);
    const problem = this.#problem ?? (failed ? this.#errorTail.trim() : null);
    this.#parts.listener.onExit(problem === null ? exit : { how: 'not_started', message: problem, missing: true });
  }

  #beThere(): void {
    if (!this.#saysReady || this.#cell.init === null) return;
    this.#parts.listener.onMessage({ type: 'ready' });
    this.#onThere();
  }

  async #prepare({ folder, network }: LoadMessage): Promise<void> {
    try {
      const filling = this.#parts.slot.fill(folder);
      if (filling !== undefined) await filling;
      await this.#there;
      if (network === 'outbound') await this.#connect();
    } catch (error) {
      this.#problem = messageOf(error);
      return this.kill();
    }
    const held = this.#held ?? [];
    this.#held = null;
    for (const message of held) this.#process.send(message);
  }

  async #connect(): Promise<void> {
    this.#link = this.#parts.connect(this.#cell.init!);
    await this.#link.up;
    this.#parts.slot.put('resolv.conf', resolvConf);
  }
}
