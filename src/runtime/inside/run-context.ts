import { format } from 'node:util';
import type { LogStream } from '../../contract/executor.js';
import type { RunState } from './run-state.js';

/** What a function gets as `context`. Methods may be taken off it: `const { write, log } = context`. */
export class RunContext {
  readonly runId: string;
  readonly callerId: string | null;
  readonly function: string;
  readonly lane: string;
  readonly version: string;
  readonly attempt: number;
  /** W3C trace context: what the function calls with it becomes a child of this attempt. */
  readonly traceparent: string | null;
  /** Epoch milliseconds after which the run is killed. */
  readonly deadline: number;
  readonly env: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly #state: RunState;

  constructor(state: RunState) {
    const { message, load } = state;
    this.runId = message.runId;
    this.callerId = message.callerId;
    this.function = load.function;
    this.lane = load.lane;
    this.version = load.version;
    this.attempt = message.attempt;
    this.traceparent = message.traceparent;
    this.deadline = message.deadline;
    this.env = load.env;
    this.headers = message.headers;
    this.parameters = message.parameters;
    this.#state = state;
  }

  /** Fires on cancel and shortly before the kill at the deadline. */
  get signal(): AbortSignal {
    return this.#state.signal;
  }

  get log(): Record<'info' | 'warn' | 'error', (...words: unknown[]) => void> {
    const state = this.#state;
    const write = (stream: LogStream, words: unknown[]) => state.log(stream, `${format(...words)}\n`);
    return {
      info: (...words) => write('info', words),
      warn: (...words) => write('warn', words),
      error: (...words) => write('error', words),
    };
  }

  get progress(): (fraction: number, message?: string) => void {
    const state = this.#state;
    // Functions are JavaScript: what they hand in is of any type.
    return (fraction: unknown, message: unknown = '') => {
      const number = Number(fraction);
      state.progress(Number.isNaN(number) ? 0 : Math.min(1, Math.max(0, number)), String(message).slice(0, 1000));
    };
  }

  /** Streams one value. Throws when JSON can not carry it. */
  get write(): (value: unknown) => void {
    const state = this.#state;
    return (value) => state.chunk(asChunk(value));
  }
}

/** JSON text of a streamed value; bytes are taken for UTF-8 text. Throws when JSON can not carry it. */
export function asChunk(value: unknown): string {
  if (value instanceof Uint8Array)
    return JSON.stringify(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString());
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined && value !== undefined) throw new TypeError(`JSON can not carry a ${typeof value}`);
  return text ?? 'null';
}
