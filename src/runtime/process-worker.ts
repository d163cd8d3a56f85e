import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { messageOf } from '../errors.js';
import type { FunctionWorker, WorkerExit, WorkerListener, WorkerOptions } from './function-worker.js';
import { encodeFrame, FrameReader } from './inside/frames.js';
import { describeExceeded, describeHindrance, explainFailure } from './limits/describe-exceeded.js';
import { addUnlessEntered, noPlace } from './limits/launch-limited.js';
import type { ResourceGroup } from './limits/resource-group.js';
import { lateThreads, workerLimits } from './limits/worker-limits.js';
import { MessageThrottle } from './message-throttle.js';
import type { FromWorker, RunMessage, ToWorker } from './messages.js';
import { OutputDrain } from './output-drain.js';
import { hasOtherMembers, killGroup } from './process-group.js';
import { type Launch, signalOfExitCode, spawnLaunch } from './process-launch.js';
import { readMessage } from './read-message.js';
import type { Scratch } from './scratch.js';

const closeWaitMs = 1000;

/**
 * A child process in a group of its own. Messages go in by descriptor 3 and come out by 4 (both unix sockets), as
 * frames; what its code, native parts and children print on 1 and 2 is captured.
 */
export class ProcessWorker implements FunctionWorker {
  readonly kind: 'node' | 'python';
  readonly pid: number | null;
  readonly group: ResourceGroup;
  readonly #child: ChildProcess;
  readonly #isInCell: boolean;
  readonly #input: Writable;
  readonly #listener: WorkerListener;
  readonly #scratch: Scratch;
  readonly #reader: FrameReader;
  #throttle!: MessageThrottle;
  #errorTail = '';
  /** What came before it was ready: its limits begin when no function is in it yet, and the runtime is whole. */
  #early: (() => void)[] | null = [];
  #malformed = false;
  #abandoned = false;

  constructor(
    options: WorkerOptions & { kind: 'node' | 'python' },
    launch: Launch,
    more: { scratch: Scratch; group: ResourceGroup; listener: WorkerListener },
  ) {
    this.kind = options.kind;
    this.#listener = more.listener;
    this.#scratch = more.scratch;
    this.group = more.group;
    this.#isInCell = launch.filter !== undefined;
    this.#child = spawnLaunch(launch, ['ignore', 'pipe', 'pipe', 'pipe', 'pipe']);
    this.#child.on('error', (error: NodeJS.ErrnoException) => this.#onNotStarted(error));
    this.pid = this.#child.pid ?? null;
    this.#keepNote();
    this.#reader = new FrameReader(options.maxMessageBytes, (value) => this.#onMessage(value));
    this.#input = this.#child.stdio[3] as Writable;
    this.#listen();
    this.#child.unref();
    for (const stream of this.#streams()) stream.unref?.();
  }

  get mainPid(): number | null {
    return this.pid;
  }

  get groupPid(): number | null {
    return this.pid;
  }

  get scratchFolder(): string {
    return this.#scratch.folder;
  }

  /** What bubblewrap tells of the process that it started. */
  get information(): Readable | null {
    return (this.#child.stdio as (Readable | null | undefined)[] | undefined)?.[5] ?? null;
  }

  hasOthers(): boolean {
    return this.pid !== null && hasOtherMembers(this.pid);
  }

  /** What is sent in one turn of the loop is one write. */
  send(message: ToWorker): void {
    if (this.#early !== null) return void this.#early.push(() => this.send(message));
    if (this.#input.destroyed) return;
    if (this.#input.writableCorked === 0) {
      this.#input.cork();
      setImmediate(() => this.#input.uncork());
    }
    this.#input.write(encodeFrame(message));
  }

  sendAhead(message: RunMessage): boolean {
    this.send(message);
    return true;
  }

  recall(): void {
    this.send({ type: 'recall' });
  }

  limit(options: WorkerOptions): void {
    if (this.#early === null) this.#setLimits(options);
    else this.#early.push(() => this.#setLimits(options));
  }

  kill(): void {
    // Once its exit was seen, its number may be somebody else's.
    if (this.pid !== null && this.#child.exitCode === null && this.#child.signalCode === null) killGroup(this.pid);
  }

  #onReady(): void {
    const early = this.#early ?? [];
    this.#early = null;
    for (const act of early) act();
  }

  /** A worker whose limits can't be set gets no function: never with less than was asked for. */
  #setLimits(options: WorkerOptions): void {
    try {
      this.group.limit(workerLimits(options), lateThreads[this.kind]);
    } catch (error) {
      this.#input.destroy();
      this.#errorTail = `${noPlace} ${messageOf(error)}`;
      this.kill();
    }
  }

  /** Throws when there is no process, or when no note of it can be kept: it would not be found after a crash. */
  #keepNote(): void {
    try {
      // Without descriptors left, there are not even streams.
      if ((this.#child.stdio as unknown) === undefined) throw new Error('too many open files');
      if (this.pid === null) return;
      this.#scratch.note(this.pid);
      addUnlessEntered(this.group, this.pid);
    } catch (error) {
      this.#abandoned = true;
      if (this.pid !== null) killGroup(this.pid);
      this.group.kill();
      this.#removeTraces();
      throw error;
    }
  }

  #listen(): void {
    const messages = this.#child.stdio[4] as Readable;
    this.#throttle = new MessageThrottle(messages);
    messages.on('data', (bytes: Buffer) => this.#onBytes(bytes));
    for (const stream of this.#streams()) stream.on('error', () => undefined);
    for (const name of ['stdout', 'stderr'] as const) {
      void new OutputDrain(this.#child[name]!, (text) => this.#onOutput(name, text));
    }
    this.#child.on('exit', (code, signal) => this.#onExit(code, signal));
  }

  #onBytes(bytes: Buffer): void {
    if (this.#malformed) return;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.#onMalformed((error as Error).message);
    }
  }

  #onMessage(value: unknown): void {
    if (this.#malformed) return;
    this.#throttle.count();
    const message = readMessage(value);
    if (message === null) return this.#onMalformed('a message of no known form');
    if (message.type === 'failed') return this.#onEndOfRun({ ...message, message: explainFailure(message.message, this.group) });
    if (message.type === 'result') return this.#onEndOfRun(message);
    this.#listener.onMessage(message);
    if (message.type === 'ready') this.#onReady();
  }

  /** A run whose child was ended for its memory has not succeeded, whatever it made of that. */
  #onEndOfRun(message: Extract<FromWorker, { children: boolean }>): void {
    if (message.children && this.group.exceeded()?.reason === 'out_of_memory') this.kill();
    else this.#listener.onMessage(message);
  }

  #onMalformed(problem: string): void {
    this.#malformed = true;
    this.#listener.onMalformed(problem);
  }

  #onOutput(stream: 'stdout' | 'stderr', text: string): void {
    if (stream === 'stderr') this.#errorTail = (this.#errorTail + text).slice(-4096);
    this.#listener.onOutput(stream, text);
  }

  #onNotStarted(error: NodeJS.ErrnoException): void {
    if (this.pid !== null || this.#abandoned) return;
    this.#removeTraces();
    this.#listener.onExit({ how: 'not_started', message: error.message, missing: error.code === 'ENOENT' });
  }

  /** The leader is gone: so is all it started, then; and what it said last is still to be read. */
  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    killGroup(this.pid!);
    this.group.kill();
    let told = false;
    const tell = () => {
      if (told) return;
      told = true;
      clearTimeout(bound);
      for (const stream of this.#streams()) stream.destroy();
      const exit = this.#describeExit(code, signal);
      this.#removeTraces();
      this.#listener.onExit(exit);
    };
    // A process that left the group may hold a descriptor open for ever.
    const bound = setTimeout(tell, closeWaitMs);
    this.#child.on('close', tell);
  }

  #describeExit(code: number | null, signal: NodeJS.Signals | null): WorkerExit {
    const ended = signal ?? (this.#isInCell && code !== null ? signalOfExitCode(code) : null);
    const aborted = ended === 'SIGABRT' || code === 134;
    if (aborted && /heap out of memory|Fatal JavaScript out of memory/.test(this.#errorTail)) {
      return { how: 'out_of_memory', message: 'the heap reached its limit' };
    }
    const exceeded = describeExceeded(this.group);
    if (exceeded !== null) return exceeded;
    if (this.#errorTail.includes(noPlace)) return { how: 'not_started', message: this.#errorTail.trim(), missing: false };
    const note = describeHindrance(this.group);
    return ended === null ? { how: 'code', code: code ?? 0, note } : { how: 'signal', signal: ended, note };
  }

  #removeTraces(): void {
    this.#scratch.remove();
    this.group.remove();
  }

  #streams(): (Readable & { unref?: () => void })[] {
    return this.#child.stdio.filter((stream) => stream !== null && stream !== undefined) as Readable[];
  }
}
