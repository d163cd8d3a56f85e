import { AsyncLocalStorage } from 'node:async_hooks';
import type { LogStream } from '../../contract/executor.js';
import type { FetchMessage, LoadMessage, RunMessage } from '../messages.js';
import type { Channel } from './channel.js';
import { LogWriter } from './log-writer.js';

/**
 * Which run the code on the stack belongs to. Timers, promises and callbacks keep the run that began them, so that what
 * a finished run left behind is never taken for the next one's. Code from the time of loading has none.
 */
export const runOfCaller = new AsyncLocalStorage<RunState>();

/** One run as the inside sees it: what it may still say, and whether it is over. */
export class RunState {
  ended = false;
  readonly #begunAt = performance.now();
  readonly number: number;
  readonly message: RunMessage | FetchMessage;
  readonly load: LoadMessage;
  readonly channel: Channel;
  readonly #log: LogWriter;
  #streamBytes = 0;
  #controller: AbortController | null = null;
  #cancelled: 'cancelled' | 'timeout' | null = null;

  constructor(message: RunMessage | FetchMessage, load: LoadMessage, channel: Channel) {
    this.number = message.run;
    this.message = message;
    this.load = load;
    this.channel = channel;
    this.#log = new LogWriter(channel, message.run, load.limits.logBytes);
  }

  log(stream: LogStream, text: string): void {
    if (!this.ended) this.#log.write(stream, text);
  }

  chunk(json: string): void {
    const room = this.load.limits.logBytes - this.#streamBytes;
    if (this.ended || !this.#hasRoom(Buffer.byteLength(json))) return;
    this.#log.flush();
    this.channel.send({ type: 'chunk', run: this.number, data: json.slice(0, room + 1) });
  }

  progress(fraction: number, message: string): void {
    if (this.ended || !this.#hasRoom(16 + Buffer.byteLength(message))) return;
    this.#log.flush();
    this.channel.send({ type: 'progress', run: this.number, fraction, message });
  }

  /** Milliseconds since it began, with three digits behind the point. */
  get ms(): number {
    return Math.round((performance.now() - this.#begunAt) * 1000) / 1000;
  }

  /** No word of this run comes after this. */
  end(): void {
    this.#log.flush();
    this.ended = true;
  }

  flush(): void {
    this.#log.flush();
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#cancelled !== null) this.#controller.abort(abortReason(this.#cancelled));
    }
    return this.#controller.signal;
  }

  cancel(why: 'cancelled' | 'timeout'): void {
    this.#cancelled ??= why;
    this.#controller?.abort(abortReason(this.#cancelled));
  }

  /** Of the first piece that does not fit one character too many is sent: by it the server sees that the stream was cut. */
  #hasRoom(bytes: number): boolean {
    const room = this.#streamBytes <= this.load.limits.logBytes;
    this.#streamBytes += bytes;
    return room;
  }
}

function abortReason(why: 'cancelled' | 'timeout'): DOMException {
  return why === 'timeout'
    ? new DOMException('The run is about to time out.', 'TimeoutError')
    : new DOMException('The run was cancelled.', 'AbortError');
}
