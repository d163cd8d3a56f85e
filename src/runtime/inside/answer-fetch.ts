import { bodyWindow, type FetchMessage, type RunMessage, type ToWorker } from '../messages.js';
import { RequestBody } from './request-body.js';
import { RunContext } from './run-context.js';
import type { RunState } from './run-state.js';

type Fetch = (request: Request, context: RunContext) => unknown;
type BodyMessage = Extract<ToWorker, { type: 'body' | 'body_end' | 'credit' }>;

const pieceBytes = 64 * 1024;

/** Calls a function that speaks `fetch` with a web standard Request and hands its Response over, both bodies streamed. */
export class AnswerFetch {
  readonly #state: RunState;
  readonly #fetch: Fetch;
  #requestBody: RequestBody | null = null;
  #onWay = 0;
  #taken: (() => void) | null = null;

  constructor(state: RunState, fetch: Fetch) {
    this.#state = state;
    this.#fetch = fetch;
  }

  handle(message: BodyMessage): void {
    if (message.type === 'body') return this.#requestBody?.add(message.data);
    if (message.type === 'body_end') return this.#requestBody?.end(message.error);
    this.#onWay -= message.bytes;
    if (this.#onWay < bodyWindow) this.#taken?.();
  }

  /** JSON text for a run without an HTTP exchange, null when the response went out by messages. */
  async answer(): Promise<string | null> {
    const { message } = this.#state;
    const response = await this.#fetch(
      message.type === 'fetch' ? this.#asRequest(message) : plainRequest(message),
      new RunContext(this.#state),
    );
    if (!isResponse(response)) throw new TypeError('fetch must return a Response');
    if (message.type === 'run') return readAnswer(response, this.#state.load.limits.resultBytes);
    if (response.status < 200 || response.status > 599) throw new RangeError(`a response can not have status ${response.status}`);
    // Headers that can't be sent are found here, while there is still somebody to tell.
    const headers = new Headers([...response.headers]);
    this.#state.flush();
    this.#state.channel.send({ type: 'head', run: message.run, status: response.status, headers: [...headers] });
    if (response.body !== null) await this.#sendBody(response.body, promisedBytes(headers, message, response.status));
    return null;
  }

  #asRequest(message: FetchMessage): Request {
    if (message.hasBody) {
      this.#requestBody = new RequestBody((bytes) => {
        if (!this.#state.ended) this.#state.channel.send({ type: 'credit', run: message.run, bytes });
      });
    }
    return new Request(message.url, {
      method: message.method,
      headers: message.requestHeaders.map(([name, value]): [string, string] => [name, value]),
      body: this.#requestBody?.stream ?? null,
      duplex: 'half',
      signal: this.#state.signal,
    });
  }

  async #sendBody(body: ReadableStream<Uint8Array>, promised: number | null): Promise<void> {
    const reader = body.getReader();
    let bytes = 0;
    for (;;) {
      const { done, value } = await reader.read();
      bytes += value?.length ?? 0;
      if (promised !== null && (bytes > promised || (done && bytes < promised))) {
        throw new RangeError(`the body has ${done ? bytes : `${bytes} or more`} bytes, its content-length says ${promised}`);
      }
      if (done) return;
      for (let at = 0; at < value.length; at += pieceBytes) {
        while (this.#onWay >= bodyWindow) await this.#untilTaken();
        if (this.#state.ended) return reader.cancel();
        const data = value.subarray(at, at + pieceBytes);
        this.#onWay += data.length;
        this.#state.channel.send({ type: 'body', run: this.#state.number, data });
      }
    }
  }

  #untilTaken(): Promise<void> {
    return new Promise((resolve) => {
      this.#taken = resolve;
    });
  }
}

/** What the head says of the body's length; null when it says nothing, or when no body is sent with it. */
function promisedBytes(headers: Headers, { method }: FetchMessage, status: number): number | null {
  const length = headers.get('content-length');
  return length === null || method === 'HEAD' || status === 204 || status === 304 ? null : Number(length);
}

/** A run that came without HTTP (from the queue, by another dialect) is a POST of its payload. */
function plainRequest(message: RunMessage): Request {
  return new Request(new URL(message.url === '' ? '/' : message.url, 'http://function.invalid'), {
    method: 'POST',
    headers: {
      ...message.headers,
      ...(message.traceparent === null ? {} : { traceparent: message.traceparent }),
      'content-type': 'application/json',
    },
    body: message.data,
  });
}

async function readAnswer(response: Response, limit: number): Promise<string> {
  const text = await readText(response, limit);
  if (response.status >= 400) throw new Error(`the function answered ${response.status}: ${text.slice(0, 1000)}`);
  if (/\bjson\b/i.test(response.headers.get('content-type') ?? '')) {
    JSON.parse(text);
    return text;
  }
  return JSON.stringify(text);
}

/** One byte more than the limit is enough to be refused for it. */
async function readText(response: Response, limit: number): Promise<string> {
  if (response.body === null) return '';
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > limit) break;
  }
  return Buffer.concat(pieces).toString();
}

/** By shape: a function may bring a Response class of its own. */
function isResponse(value: unknown): value is Response {
  if (typeof value !== 'object' || value === null) return false;
  const { status, headers, body } = value as Partial<Response>;
  return typeof status === 'number' && typeof headers?.forEach === 'function' && body !== undefined;
}
