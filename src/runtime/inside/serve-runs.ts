import { AsyncResource } from 'node:async_hooks';
import type { FetchMessage, FromWorker, LoadMessage, RunMessage, ToWorker } from '../messages.js';
import type { AnswerFetch } from './answer-fetch.js';
import { captureOutput } from './capture-output.js';
import type { Channel } from './channel.js';
import { containFaults } from './contain-faults.js';
import { describeError, describeFully } from './describe-error.js';
import type { Callable } from './find-callable.js';
import { loadFunction, LoadError } from './load-function.js';
import { rehearse } from './rehearse.js';
import { RunContext } from './run-context.js';
import { RunState, runOfCaller } from './run-state.js';
import { isStreamOfValues, streamValues } from './stream-values.js';
import { startedChildren, watchChildren } from './watch-children.js';

const rehearseAfterMs = 5;
/** Then timers and sockets that earlier runs left behind get their turn. */
const runsAtOnce = 16;

// Taken before a function can put something else in their place.
const later = setImmediate;

/**
 * A worker's life, the same in threads and processes: say `ready`, load one version, carry out one run after the other.
 */
export class RunServer {
  readonly #channel: Channel;
  #load: LoadMessage | null = null;
  #callable: Callable | null = null;
  #run: RunState | null = null;
  #fetch: AnswerFetch | null = null;
  /** Loaded with a function that speaks it: most do not, and each file is a part of what a new worker costs. */
  #AnswerFetch: typeof AnswerFetch | null = null;
  #isServing = false;
  /** No run is begun: the server has to look at what the last one left behind. */
  #isPaused = false;
  #isTainted = false;
  /** Where runs begin, so that none is a continuation of the one before it. */
  readonly #beginning = new AsyncResource('laneway run');

  constructor(channel: Channel) {
    this.#channel = channel;
    captureOutput((stream, text) => this.#speaker()?.log(stream, text));
    watchChildren();
    containFaults({
      onFault: (error) => this.#onFault(error),
      mayExit: () => this.#mayExit(),
    });
    channel.send({ type: 'ready' });
    // Not when the version comes at once: then its call is the one that is waited for.
    setTimeout(() => {
      if (this.#load === null) void rehearse();
    }, rehearseAfterMs);
  }

  handle(message: ToWorker): void {
    switch (message.type) {
      case 'go_on':
        this.#isPaused = false;
        return;
      case 'load':
        return void this.#loadVersion(message);
      case 'cancel':
        if (this.#run?.number === message.run) this.#run.cancel(message.why);
        return;
      case 'body':
      case 'body_end':
      case 'credit':
        if (this.#run?.number === message.run) this.#fetch?.handle(message);
    }
  }

  /** Carries out what lies ready, one after the other. */
  serve(): void {
    if (this.#isServing) return;
    if (this.#isTainted) return this.#giveBack();
    this.#isServing = true;
    try {
      for (let count = 0; this.isFree; count += 1) {
        if (count === runsAtOnce) return void later(() => this.serve());
        const next = this.#channel.takeNext();
        if (next === null) return;
        this.#beginning.runInAsyncScope(() => this.#begin(next));
      }
    } finally {
      this.#isServing = false;
    }
  }

  /** Whether it may begin a run. */
  get isFree(): boolean {
    return this.#run === null && !this.#isPaused && !this.#isTainted;
  }

  /** What comes to a tainted worker is for another one. */
  #giveBack(): void {
    let runs = 0;
    while (this.#channel.takeNext() !== null) runs += 1;
    if (runs > 0) this.#channel.send({ type: 'recalled', runs });
  }

  async #loadVersion(load: LoadMessage): Promise<void> {
    this.#load = load;
    try {
      const callable = await loadFunction(load);
      if (callable.convention === 'fetch') this.#AnswerFetch = (await import('./answer-fetch.js')).AnswerFetch;
      this.#callable = callable;
      this.#channel.send({ type: 'loaded', convention: this.#callable.convention });
    } catch (error) {
      const reason = error instanceof LoadError ? error.reason : 'function_error';
      this.#channel.send({
        type: 'load_failed',
        reason,
        message: error instanceof LoadError ? error.message : describeError(error),
      });
    }
  }

  #begin(message: RunMessage | FetchMessage): void {
    const state = new RunState(message, this.#load!, this.#channel);
    this.#run = state;
    startedChildren();
    runOfCaller.run(state, () => this.#call(state));
  }

  #call(state: RunState): void {
    const callable = this.#callable!;
    try {
      if (callable.convention === 'fetch') {
        this.#fetch = new this.#AnswerFetch!(state, callable.call);
        this.#settle(state, this.#fetch.answer());
      } else if (state.message.type === 'fetch') {
        this.#fail(state, new TypeError('the function does not speak fetch'));
      } else {
        this.#settle(state, callable.call(readPayload(state.message.data), new RunContext(state)));
      }
    } catch (error) {
      this.#fail(state, error);
    }
  }

  #settle(state: RunState, value: unknown): void {
    if (typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function') {
      (value as PromiseLike<unknown>).then(
        (result) => this.#finish(state, result),
        (error: unknown) => this.#fail(state, error),
      );
    } else {
      this.#finish(state, value);
    }
  }

  #finish(state: RunState, value: unknown): void {
    if (isStreamOfValues(value)) {
      streamValues(state, value).then(
        (text) => this.#finishStream(state, text),
        (error: unknown) => this.#fail(state, error),
      );
      return;
    }
    let text: string | null;
    try {
      text = this.#fetch === null ? asResult(value) : (value as string | null);
    } catch (error) {
      return this.#fail(state, error);
    }
    this.#succeed(state, text);
  }

  #finishStream(state: RunState, text: string | undefined): void {
    if (text === undefined) state.log('warn', `[result left out: the streamed values together exceed ${this.#limit} bytes]\n`);
    this.#succeed(state, text ?? 'null');
  }

  #succeed(state: RunState, text: string | null): void {
    if (state.ended) return;
    const { number: run, ms } = state;
    const bytes = text === null || text.length * 3 <= this.#limit ? 0 : Buffer.byteLength(text);
    if (bytes > this.#limit) {
      const message = `the result has ${bytes} bytes, the limit is ${this.#limit}`;
      return this.#close(state, (children) => ({ type: 'failed', run, reason: 'result_too_large', message, children }));
    }
    this.#close(state, (children) => ({ type: 'result', run, data: text, children, ms }));
  }

  #fail(state: RunState, error: unknown): void {
    if (state.ended) return;
    state.log('stderr', describeFully(error));
    const message = describeError(error);
    this.#close(state, (children) => ({ type: 'failed', run: state.number, reason: 'function_error', message, children }));
  }

  #close(state: RunState, lastWord: (children: boolean) => FromWorker): void {
    state.end();
    this.#run = null;
    this.#fetch = null;
    const children = startedChildren();
    this.#isPaused = children;
    this.#channel.send(lastWord(children));
    if (!this.#isServing) this.#beginning.runInAsyncScope(() => this.serve());
  }

  get #limit(): number {
    return this.#load!.limits.resultBytes;
  }

  /** Whose words these are: the run that began the code on the stack; for code from the time of loading, the one under way. */
  #speaker(): RunState | null {
    const state = runOfCaller.getStore();
    return state === undefined ? this.#run : state.ended ? null : state;
  }

  /** Nothing that broke outside the function's own promise leaves a worker that can be trusted with another run. */
  #onFault(error: unknown): void {
    this.#isTainted = true;
    this.#channel.send({ type: 'tainted' });
    const state = this.#speaker();
    if (state !== null) this.#fail(state, error);
    else if (this.#callable === null && this.#load !== null) {
      const message = `${this.#load.file} does not load: ${describeError(error)}`;
      this.#channel.send({ type: 'load_failed', reason: 'function_error', message });
    }
  }

  /** What an earlier run left behind may not end the worker under the run that is there now, or is on its way. */
  #mayExit(): boolean {
    const speaker = this.#speaker();
    if (speaker === null && this.#callable !== null) return false;
    this.#run?.flush();
    return true;
  }
}

function readPayload(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new TypeError(`the payload is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

function asResult(value: unknown): string {
  if (value === undefined) return 'null';
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
  } catch (error) {
    throw new TypeError(`the result can not be carried by JSON: ${(error as Error).message}`, { cause: error });
  }
  throw new TypeError(`the result can not be carried by JSON: it is a ${typeof value}`);
}
