import type { LogStream } from '../../contract/executor.js';
import type { Channel } from './channel.js';

const sentAtOnce = 32;
const gatherMs = 2;
const gatherChars = 16 * 1024;

/**
 * One run's log on its way out. The first lines go at once, so that they are seen even when the function never gives
 * way again; later ones are gathered for a moment, so that a flood of small lines is a few messages.
 */
export class LogWriter {
  readonly #channel: Channel;
  readonly #run: number;
  readonly #limit: number;
  #bytes = 0;
  #pieces = 0;
  #stream: LogStream = 'stdout';
  #pending = '';
  #flushedAt = 0;
  #scheduled = false;

  constructor(channel: Channel, run: number, limit: number) {
    this.#channel = channel;
    this.#run = run;
    this.#limit = limit;
  }

  write(stream: LogStream, text: string): void {
    const fitting = this.#cut(text);
    if (fitting === '') return;
    if (this.#pending !== '' && stream !== this.#stream) this.flush();
    this.#stream = stream;
    this.#pending += fitting;
    if (this.#pieces++ < sentAtOnce || this.#isDue()) this.flush();
    else this.#schedule();
  }

  flush(): void {
    if (this.#pending === '') return;
    this.#channel.send({ type: 'log', run: this.#run, stream: this.#stream, data: this.#pending });
    this.#pending = '';
    this.#flushedAt = performance.now();
  }

  /** Lets one character more than fits through: by it the server sees that the log was cut, and marks it. */
  #cut(text: string): string {
    const room = this.#limit - this.#bytes;
    if (room < 0) return '';
    this.#bytes += Buffer.byteLength(text);
    return this.#bytes > this.#limit ? text.slice(0, room + 1) : text;
  }

  #isDue(): boolean {
    return this.#pending.length >= gatherChars || performance.now() - this.#flushedAt >= gatherMs;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
