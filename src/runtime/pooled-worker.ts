import type { ColdReason } from '../contract/executor.js';
import type { ActiveRun, Failure, LoadOnly } from './active-run.js';
import { describeExit } from './describe-exit.js';
import { ExchangePump } from './exchange-pump.js';
import type { FunctionWorker, WorkerExit, WorkerListener, WorkerOptions } from './function-worker.js';
import { messageSlack, type FromWorker } from './messages.js';
import { residentBytes } from './process-group.js';
import type { VersionLine } from './version-line.js';

export type WorkerState = 'spare' | 'loading' | 'idle' | 'busy' | 'ending' | 'gone';

/** The pool, as its workers see it. */
export interface WorkerOwner {
  /** Without a run, and fit for the next. */
  onFree(worker: PooledWorker): void;
  /** It takes no place any more; its run, if it has one, ends when its process has. */
  onEnding(worker: PooledWorker): void;
  onGone(worker: PooledWorker): void;
  /** A run's function is in it, or may be from now on. */
  onRunBegins(worker: PooledWorker, run: ActiveRun): void;
  onRunEnds(worker: PooledWorker): void;
  /** These were sent ahead and were not begun, nor will be. */
  onRecalled(worker: PooledWorker, runs: ActiveRun[]): void;
}

const stuckMs = 2000;
/** More make no more of a queue that is never empty, and each is one to be recalled when the worker hangs. */
const mostAhead = 32;
/** bounded: a worker may only say that it did not begin a run, and each worker that it is given to has the run's whole time. */
const mostReturns = 3;

/**
 * The life of one worker:
 *
 * spare    started, or starting, without a version. `load` makes it `loading`.
 * loading  a version was handed in, `run` waits for it. Loaded: `busy`, or `idle` when the run wanted no more than that.
 * idle     waits for a run of its version.
 * busy     `run` is under way; others may have been sent ahead, and the next of them is begun as soon as it ends. Without one,
 *          its result or failure makes the worker `idle`.
 * ending   killed: by timeout, cancel, a fault, the memory watch, retirement. Its run keeps waiting for its exit.
 * gone     exited. From every state: a worker may die at any moment, and its run with it.
 */
export class PooledWorker implements WorkerListener {
  state: WorkerState = 'spare';
  line: VersionLine | null = null;
  run: ActiveRun | null = null;
  /** Since when `run` is the one under way. */
  busySince = 0;
  idleSince = performance.now();
  /** Resident memory of its process before any code of a function was in it. */
  baseline = 0;
  /** Until the first run on it: loading was asked for ahead. */
  loadedAhead: LoadOnly | false = false;
  /** Why the next worker of its line will have to be started. */
  endsBecause: ColdReason = 'worker_ended';
  readonly worker: FunctionWorker;
  readonly #owner: WorkerOwner;
  #runNumber = 0;
  /** Sent, in this order, to be begun one after the other. */
  #ahead: ActiveRun[] = [];
  #isRecalling = false;
  #pump: ExchangePump | null = null;
  #tainted = false;
  #loadedBecause: ColdReason | null = null;
  #heardBytes = 0;
  #killedAt = 0;
  #killedFor: ActiveRun | null = null;

  constructor(
    readonly options: WorkerOptions,
    start: (options: WorkerOptions, listener: WorkerListener) => FunctionWorker,
    owner: WorkerOwner,
  ) {
    this.#owner = owner;
    this.worker = start(options, this);
  }

  /** Makes a spare one of the line's version, and then begins the run. */
  load(line: VersionLine, run: ActiveRun, env: Record<string, string>): void {
    this.line = line;
    this.run = run;
    this.state = 'loading';
    run.worker = this;
    run.assign();
    this.worker.limit?.(line.workerOptions);
    this.worker.send(line.loadMessage(env));
    this.#owner.onRunBegins(this, run);
  }

  /** Begins a run on an idle worker. */
  begin(run: ActiveRun): void {
    if (this.loadedAhead === 'for_call') run.cold = this.#loadedBecause;
    this.loadedAhead = false;
    this.run = run;
    run.worker = this;
    run.assign();
    this.#call(run);
  }

  /** How many more runs may be sent ahead. */
  get roomAhead(): number {
    const takes = this.state === 'busy' && !this.#isRecalling && !this.#tainted && this.#pump === null;
    return takes ? mostAhead - this.#ahead.length : 0;
  }

  /** Whether any run was begun on it. */
  get hasBegun(): boolean {
    return this.#runNumber > 0;
  }

  get ahead(): number {
    return this.#ahead.length;
  }

  /** Sends a run that the worker begins after those it has; false when it has no room for it. */
  sendAhead(run: ActiveRun): boolean {
    if (!this.worker.sendAhead(this.line!.runMessage(run, this.#runNumber + this.#ahead.length + 1))) return false;
    run.worker = this;
    this.#ahead.push(run);
    // The worker may begin it before this server hears that its turn has come.
    this.#owner.onRunBegins(this, run);
    return true;
  }

  /** Whether it carries a queued run, or may. */
  get isPatient(): boolean {
    return this.run?.attempt.wait === 'patient' || this.#ahead.some(({ attempt }) => attempt.wait === 'patient');
  }

  /** Asks for the runs back that were sent ahead and that it has not begun. */
  recall(): void {
    if (this.#ahead.length > 0) this.#recall();
  }

  #recall(): void {
    if (this.#isRecalling) return;
    this.#isRecalling = true;
    this.worker.recall();
  }

  onRecalled(count: number): void {
    if (!this.#isRecalling && !this.#tainted) return this.onMalformed('runs back that were not recalled');
    this.#isRecalling = false;
    const runs = this.#ahead.splice(Math.max(0, this.#ahead.length - count));
    // The one under way was not begun either.
    if (count > runs.length && this.run !== null && this.state === 'busy') this.#sendAgain(this.run, runs);
    this.#giveBack(runs);
  }

  /** A tainted worker begins nothing any more: another one does, unless that was tried before or its body was read already. */
  #sendAgain(run: ActiveRun, recalled: ActiveRun[]): void {
    if (!this.#tainted) return this.#send(run);
    run.returns += 1;
    if (run.returns > mostReturns || run.more.exchange?.body)
      return this.#endAndKill({ reason: 'worker_lost', message: 'what an earlier run left behind broke the worker' });
    recalled.unshift(run);
    this.#leaveRun();
    this.kill();
  }

  cancel(run: ActiveRun): void {
    if (run.cancelled) return;
    run.cancelled = true;
    if (run !== this.run) return this.recall();
    if (this.state === 'loading') return this.kill();
    this.#askToEnd(run);
  }

  #askToEnd(run: ActiveRun): void {
    run.killAt = Math.min(run.killAt, performance.now() + run.more.surroundings.graceMs);
    run.signalAt = Infinity;
    this.worker.send({ type: 'cancel', run: this.#runNumber, why: 'cancelled' });
  }

  /** Ends it at once with all it started. The run on it fails with the verdict, when there is one, else by how it ends. */
  kill(verdict: Failure | null = null): void {
    if (this.run !== null) this.run.verdict ??= verdict;
    if (this.state === 'ending' || this.state === 'gone') return;
    this.state = 'ending';
    this.#killedFor = this.run;
    this.#killedAt = performance.now();
    // What a thread has not begun can go elsewhere at once; of a process it is known when it has ended.
    if (this.worker.kind === 'thread') this.recall();
    this.worker.kill();
    this.#owner.onEnding(this);
  }

  /** Fires the signal and kills when it is time. False when there is nothing here to be watched. */
  watchTime(now: number): boolean {
    const { run } = this;
    if (run === null) return this.state === 'ending';
    if (this.state === 'ending') {
      // Native code can hold a thread's end up; its run has ended nevertheless.
      if (now - this.#killedAt > stuckMs)
        this.#endRun((ended) => ended.fail({ reason: 'worker_lost', message: 'the worker did not end' }));
      return true;
    }
    if (!run.signalled && now >= run.signalAt && this.state === 'busy') {
      run.signalled = true;
      this.worker.send({ type: 'cancel', run: this.#runNumber, why: 'timeout' });
    }
    if (now >= run.killAt) {
      this.kill(run.cancelled ? null : timedOut(run));
    }
    return true;
  }

  onMessage(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        // Once: what a function holds by the time it says so again is not how its worker began.
        if (this.worker.mainPid !== null && this.baseline === 0) this.baseline = residentBytes(this.worker.mainPid);
        return;
      case 'loaded':
        return this.#onLoaded(message.convention);
      case 'load_failed':
        if (this.state === 'loading') this.#endAndKill({ reason: message.reason, message: message.message });
        return;
      case 'tainted':
        if (this.#tainted) return;
        this.#tainted = true;
        if (this.state === 'idle') this.kill();
        else this.#recall();
        return;
      case 'recalled':
        return this.onRecalled(message.runs);
      default:
        // A late word of an earlier run, or a forged one of another.
        if (this.run !== null && message.run === this.#runNumber) this.#onRunMessage(this.run, message);
    }
  }

  onMalformed(problem: string): void {
    this.kill({ reason: 'worker_lost', message: `the worker broke the protocol: it sent ${problem}` });
  }

  onOutput(stream: 'stdout' | 'stderr', text: string): void {
    this.run?.log(stream, text);
  }

  onExit(exit: WorkerExit): void {
    const wasEnding = this.state === 'ending';
    this.state = 'gone';
    // A program that ends because it was asked to has run out of time, whatever it says at the end.
    const obeyed = exit.how === 'code' || exit.how === 'signal';
    this.#endRun((run) => {
      if (wasEnding && run !== this.#killedFor)
        return run.fail({ reason: 'worker_lost', message: 'the worker was ended for an earlier run' });
      run.fail(run.signalled && obeyed ? timedOut(run) : describeExit(this.worker, exit));
    });
    this.#giveBack(this.#ahead.splice(0));
    if (!wasEnding) this.#owner.onEnding(this);
    this.#owner.onGone(this);
  }

  #onLoaded(convention: 'payload' | 'fetch'): void {
    if (this.state !== 'loading') return;
    const { run } = this;
    this.line!.convention = convention;
    if (run === null) return this.#free();
    if (run.more.loadOnly !== false) {
      this.loadedAhead = run.more.loadOnly;
      this.#loadedBecause = run.cold;
      return this.#conclude((loaded) => loaded.succeed(null));
    }
    this.#call(run);
  }

  #call(run: ActiveRun): void {
    this.#runNumber += 1;
    this.#beBusy(run);
    const { exchange } = run.more;
    if (exchange === null) {
      this.#send(run);
      return this.#owner.onRunBegins(this, run);
    }
    if (this.line!.convention !== 'fetch') {
      return this.#conclude((refused) => refused.fail({ reason: 'bad_artifact', message: 'the function does not speak fetch' }));
    }
    this.worker.send(this.line!.fetchMessage(run, this.#runNumber));
    this.#pump = new ExchangePump(exchange, this.#runNumber, {
      send: (message) => this.worker.send(message),
      clientGone: () => {
        if (this.run === run) this.cancel(run);
      },
    });
  }

  #send(run: ActiveRun): void {
    this.worker.send(this.line!.runMessage(run, this.#runNumber));
  }

  #beBusy(run: ActiveRun): void {
    this.state = 'busy';
    this.#heardBytes = 0;
    run.start();
    this.busySince = performance.now();
  }

  /** The worker begins the next of those that were sent ahead, or has begun it already. False when there is none. */
  #beginAhead(): boolean {
    const run = this.#takeAhead();
    if (run === undefined) return false;
    this.#beBusy(run);
    if (run.cancelled) this.#askToEnd(run);
    return true;
  }

  /** The run that it was killed for had ended: it went on with the next one, which is not to be begun a second time elsewhere. */
  #goOnUntilExit(): void {
    if (!this.#tainted) this.#takeAhead()?.start();
  }

  /** The next of those that were sent ahead is the one under way; its owner was told when it was sent. */
  #takeAhead(): ActiveRun | undefined {
    const run = this.#ahead.shift();
    if (run === undefined) return undefined;
    this.run = run;
    this.#runNumber += 1;
    run.assign();
    return run;
  }

  #giveBack(runs: ActiveRun[]): void {
    if (runs.length === 0) return;
    for (const run of runs) run.worker = null;
    this.#owner.onRecalled(this, runs);
  }

  #onRunMessage(run: ActiveRun, message: Extract<FromWorker, { run: number }>): void {
    switch (message.type) {
      case 'result':
        return this.#onResult(message);
      case 'failed':
        // A function that gives up when its signal says that its time is over has run out of time, whatever it throws.
        return this.#afterOutput(message.children, (ended) => ended.fail(ended.signalled ? timedOut(ended) : message));
      case 'log':
        if (this.#isBounded(message.data)) run.log(message.stream, message.data);
        return;
      case 'chunk':
        if (this.#isBounded(message.data)) run.chunk(message.data);
        return;
      case 'progress':
        if (this.#isBounded(message.message)) run.progress(message.fraction, message.message);
        return;
      case 'head':
        if (this.#pump?.onHead(message.status, message.headers) !== true) this.onMalformed('a head that was not asked for');
        return;
      case 'body':
        if (this.#pump?.onBody(message.data) !== true) this.onMalformed('a body that was not asked for');
        return;
      case 'credit':
        if (this.#pump?.onCredit(message.bytes) !== true) this.onMalformed('a word of more than it was sent');
        return;
    }
  }

  #onResult(message: Extract<FromWorker, { type: 'result' }>): void {
    const limit = this.line!.settings.limits.maxResultBytes;
    const { data, children } = message;
    if (message.ms !== undefined) {
      this.line!.noteTime(message.ms);
      this.run!.noteTime(message.ms);
    }
    if (data !== null && data.length * 3 > limit && Buffer.byteLength(data) > limit) {
      // The inside looks first: this is not the inside speaking.
      return this.#endAndKill({ reason: 'result_too_large', message: `the result is larger than ${limit} bytes` });
    }
    if (this.#pump !== null) {
      void this.#concludeExchange(this.#pump, children);
      return;
    }
    this.#afterOutput(children, (run) => run.succeed(data));
  }

  async #concludeExchange(pump: ExchangePump, children: boolean): Promise<void> {
    const { run } = this;
    await pump.finish();
    if (this.run === run) this.#afterOutput(children, (ended) => ended.succeed(null));
  }

  /** A run that started processes: what they printed comes by another way and belongs before the end; any still there taint the worker. */
  #afterOutput(children: boolean, end: (run: ActiveRun) => void): void {
    if (!children) return this.#conclude(end);
    // It begins no other run until then.
    this.recall();
    const { run } = this;
    setImmediate(() => {
      if (this.run !== run) return;
      if (this.state === 'ending') return this.#endRun(end);
      if (this.worker.hasOthers()) this.#tainted = true;
      else this.worker.send({ type: 'go_on' });
      this.#conclude(end);
    });
  }

  /** The inside keeps to its limits; a worker that says far more is not the inside speaking. */
  #isBounded(text: string): boolean {
    this.#heardBytes += text.length + 16;
    if (this.#heardBytes <= 32 * this.line!.settings.limits.maxLogBytes + messageSlack) return true;
    this.onMalformed('more than its limits allow');
    return false;
  }

  #conclude(end: (run: ActiveRun) => void): void {
    this.#endRun(end);
    if (this.state === 'ending') return this.#goOnUntilExit();
    if (this.state === 'gone') return;
    if (this.#tainted) this.kill();
    else if (!this.#beginAhead()) this.#free();
  }

  #endAndKill(failure: Failure): void {
    this.#endRun((run) => run.fail(failure));
    this.kill();
  }

  #endRun(end: (run: ActiveRun) => void): void {
    const { run } = this;
    if (run === null) return;
    this.#leaveRun();
    end(run);
  }

  #leaveRun(): void {
    this.run!.worker = null;
    this.run = null;
    this.#pump?.stop();
    this.#pump = null;
    this.#owner.onRunEnds(this);
  }

  #free(): void {
    this.state = 'idle';
    this.idleSince = performance.now();
    this.#owner.onFree(this);
  }
}

function timedOut({ attempt }: ActiveRun): Failure {
  return { reason: 'timeout', message: `timed out after ${attempt.timeoutMs} ms` };
}
