import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process';
import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutableCell } from './confinement/executable-cell.js';
import type { FunctionWorker, WorkerExit, WorkerListener } from './function-worker.js';
import { describeExceeded, describeHindrance } from './limits/describe-exceeded.js';
import { addUnlessEntered, launchLimited, noPlace, type ProcessLimits } from './limits/launch-limited.js';
import type { ResourceGroup } from './limits/resource-group.js';
import type { LoadMessage, RunMessage, ToWorker } from './messages.js';
import { OutputDrain } from './output-drain.js';
import { hasOtherMembers, killGroup } from './process-group.js';
import { type Launch, launchExecutable, signalOfExitCode, spawnLaunch } from './process-launch.js';
import { messageOf } from '../errors.js';
import { asJsonText } from './json-text.js';
import type { Scratch } from './scratch.js';

const maxArgumentBytes = 100 * 1024;
const closeWaitMs = 1000;

/**
 * An executable of a version: one process for one run, never warm. Payload on stdin and, up to 100 KiB, as first
 * argument; stdout is its log and its result; exit code 0 is success.
 */
export class ExecutableWorker implements FunctionWorker {
  readonly kind = 'executable';
  readonly group: ResourceGroup;
  readonly #scratch: Scratch;
  readonly #limits: ProcessLimits;
  readonly #listener: WorkerListener;
  readonly #cell: ExecutableCell | null;
  #load: LoadMessage | null = null;
  #child: ChildProcess | null = null;
  #run = 0;
  #output: string[] = [];
  #outputBytes = 0;
  #errorTail = '';
  #killed = false;
  #exited = false;

  /** Without a cell it is a process like others. */
  constructor(more: {
    scratch: Scratch;
    group: ResourceGroup;
    limits: ProcessLimits;
    cell: ExecutableCell | null;
    listener: WorkerListener;
  }) {
    this.#scratch = more.scratch;
    this.group = more.group;
    this.#limits = more.limits;
    this.#cell = more.cell;
    this.#listener = more.listener;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get mainPid(): number | null {
    return this.#cell === null ? this.pid : this.#cell.mainPid;
  }

  get groupPid(): number | null {
    return this.#cell === null ? this.pid : this.#cell.groupPid;
  }

  get scratchFolder(): string {
    return this.#scratch.folder;
  }

  /** Nothing outlives it: it is used for one run. */
  hasOthers(): boolean {
    return this.#cell === null && this.pid !== null && hasOtherMembers(this.pid);
  }

  send(message: ToWorker): void {
    switch (message.type) {
      case 'load':
        this.#load = message;
        return void setImmediate(() => this.#check(message));
      case 'run':
        return this.#start(message);
      case 'cancel':
        return this.#askToEnd();
      default:
    }
  }

  /** It has one run. */
  sendAhead(): boolean {
    return false;
  }

  recall(): void {
    this.#listener.onRecalled(0);
  }

  kill(): void {
    if (this.pid !== null) this.#killRunning(this.pid);
    else if (!this.#killed) setImmediate(() => this.#leave({ how: 'signal', signal: 'SIGKILL' }));
    this.#killed = true;
  }

  /** Once its exit was seen, its number may be somebody else's. */
  #killRunning(pid: number): void {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) killGroup(pid);
  }

  /** The zip may have been packed where files have no execute bit. */
  #check(load: LoadMessage): void {
    if (this.#killed) return;
    try {
      const file = join(load.folder, load.file);
      const { mode } = statSync(file);
      if ((mode & 0o111) !== 0o111) chmodSync(file, mode | 0o111);
      this.#listener.onMessage({ type: 'loaded', convention: 'payload' });
    } catch (error) {
      this.#listener.onMessage({
        type: 'load_failed',
        reason: 'bad_artifact',
        message: `the entry ${load.file} can not be run: ${(error as Error).message}`,
      });
    }
  }

  #start(message: RunMessage): void {
    this.#run = message.run;
    const child = spawnLaunch(launchLimited(this.#launch(message, this.#load!), this.group, this.#limits), [
      'pipe',
      'pipe',
      'pipe',
    ]) as ChildProcessWithoutNullStreams;
    this.#child = child;
    child.on('error', (error: NodeJS.ErrnoException) => this.#onNotStarted(error));
    if (child.pid === undefined) return;
    this.#keepNote(child.pid);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);
    void new OutputDrain(child.stdout, (text) => this.#onOutput(text));
    void new OutputDrain(child.stderr, (text) => this.#onError(text));
    child.on('exit', (code, signal) => this.#onExit(child, code, signal));
    this.#cell?.watch(child, (error) => {
      this.#fail('function_error', `the executable was not started: ${messageOf(error)}`);
      this.kill();
    });
    child.stdin.end(message.data ?? '');
    child.unref();
  }

  #launch({ data, traceparent }: RunMessage, load: LoadMessage): Launch {
    const argument = asArgument(data);
    const env = traceparent === null ? load.env : { ...load.env, TRACEPARENT: traceparent };
    if (this.#cell !== null) return this.#cell.launch(load, argument, env);
    return launchExecutable(join(load.folder, load.file), argument, { cwd: load.folder, scratch: this.#scratch.folder, env });
  }

  /** A process without a note would not be found after a crash. */
  #keepNote(pid: number): void {
    try {
      this.#scratch.note(pid);
      addUnlessEntered(this.group, pid);
    } catch (error) {
      this.#fail('function_error', `the executable was not started: ${(error as Error).message}`);
      killGroup(pid);
    }
  }

  #onOutput(text: string): void {
    this.#listener.onOutput('stdout', text);
    if (this.#outputBytes > this.#load!.limits.resultBytes) return;
    this.#outputBytes += Buffer.byteLength(text);
    if (this.#outputBytes <= this.#load!.limits.resultBytes) return void this.#output.push(text);
    this.#output = [];
    this.#fail('result_too_large', `the output is larger than the limit of ${this.#load!.limits.resultBytes} bytes`);
    this.kill();
  }

  #onError(text: string): void {
    this.#errorTail = (this.#errorTail + text).slice(-1024);
    this.#listener.onOutput('stderr', text);
  }

  #onNotStarted(error: NodeJS.ErrnoException): void {
    if (this.pid !== null) return;
    this.#fail('function_error', `the executable did not start: ${error.message}`);
    this.#leave({ how: 'not_started', message: error.message, missing: false });
  }

  #onExit(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    killGroup(child.pid!);
    this.group.kill();
    let told = false;
    const tell = () => {
      if (told) return;
      told = true;
      clearTimeout(bound);
      for (const stream of child.stdio) stream?.destroy();
      void this.#conclude(code, signal);
    };
    // A process that left the group may hold a descriptor open for ever.
    const bound = setTimeout(tell, closeWaitMs);
    child.on('close', tell);
  }

  async #conclude(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    // Also when it was a child that was ended for its memory, whatever the program made of that.
    const outOfMemory = describeExceeded(this.group);
    if (outOfMemory !== null) return this.#leave(outOfMemory);
    if (code === 0 && this.#outputBytes <= this.#load!.limits.resultBytes) {
      const data = await asJsonText(this.#output.join(''));
      if (Buffer.byteLength(data) > this.#load!.limits.resultBytes)
        this.#fail('result_too_large', 'the output as a JSON string is larger than the limit');
      else this.#listener.onMessage({ type: 'result', run: this.#run, data, children: false });
    }
    // The launcher says so when the file is no program, with an exit code that a program could have as well.
    if (
      code !== null &&
      code > 0 &&
      /^(setpriv: failed to execute |bwrap: execvp |laneway: \d+: exec: )/m.test(this.#errorTail)
    ) {
      this.#fail('function_error', `the executable did not start: ${this.#errorTail.trim()}`);
    }
    if (code === 125 && this.#errorTail.includes(noPlace)) {
      return this.#leave({ how: 'not_started', message: this.#errorTail.trim(), missing: false });
    }
    const note = describeHindrance(this.group);
    const ended = signal ?? (this.#cell !== null && code !== null ? signalOfExitCode(code) : null);
    this.#leave(ended === null ? { how: 'code', code: code ?? 0, note } : { how: 'signal', signal: ended, note });
  }

  #fail(reason: 'function_error' | 'result_too_large', message: string): void {
    this.#listener.onMessage({ type: 'failed', run: this.#run, reason, message, children: false });
  }

  /** What `signal` is to a module, SIGTERM is to a program. */
  #askToEnd(): void {
    if (this.pid === null) return;
    try {
      // What waits outside a cell for its end would take it along without a word.
      if (this.#cell === null) process.kill(-this.pid, 'SIGTERM');
      else this.#cell.askToEnd();
    } catch {
      // It ended in this moment.
    }
  }

  #leave(exit: WorkerExit): void {
    if (this.#exited) return;
    this.#exited = true;
    this.#scratch.remove();
    this.#cell?.remove();
    this.group.remove();
    this.#listener.onExit(exit);
  }
}

function asArgument(data: string | null): string {
  if (data === null) return '';
  return data.includes('\0') || Buffer.byteLength(data) > maxArgumentBytes ? '-' : data;
}
