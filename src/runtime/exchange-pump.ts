import type { HttpExchange } from '../contract/executor.js';
import { bodyWindow, type ToWorker } from './messages.js';

const pieceBytes = 64 * 1024;

/**
 * Carries the bodies of one HTTP exchange: the request's to the worker, never more than a window ahead of what the
 * function took, and the response's to the client, telling the worker what the client took.
 */
export class ExchangePump {
  readonly #exchange: HttpExchange;
  readonly #run: number;
  readonly #send: (message: ToWorker) => void;
  readonly #onClientGone: () => void;
  #onWay = 0;
  #unacknowledged = 0;
  #taken: (() => void) | null = null;
  #headSent = false;
  #delivered: Promise<void> = Promise.resolve();
  #over = false;

  constructor(exchange: HttpExchange, run: number, on: { send: (message: ToWorker) => void; clientGone: () => void }) {
    this.#exchange = exchange;
    this.#run = run;
    this.#send = on.send;
    this.#onClientGone = on.clientGone;
    if (exchange.body !== null) void this.#sendRequestBody(exchange.body);
  }

  /** The function took so many bytes of the request body. False when that is more than it was sent: it would be sent all at once. */
  onCredit(bytes: number): boolean {
    if (bytes > this.#onWay) return false;
    this.#onWay -= bytes;
    if (this.#onWay < bodyWindow) this.#taken?.();
    return true;
  }

  /** False when the worker breaks the order: a second head. */
  onHead(status: number, headers: [string, string][]): boolean {
    if (this.#headSent) return false;
    this.#headSent = true;
    this.#delivered = this.#delivered.then(() => this.#exchange.onHead(status, headers)).catch(() => this.#clientGone());
    return true;
  }

  /** False when the worker sends a body before its head, or more than the window. */
  onBody(data: Uint8Array): boolean {
    // No window holds back what has no length.
    if (data.length === 0) return this.#headSent;
    this.#unacknowledged += data.length;
    if (!this.#headSent || this.#unacknowledged > bodyWindow + 2 * pieceBytes) return false;
    this.#delivered = this.#delivered.then(() => this.#deliver(data));
    return true;
  }

  async #deliver(data: Uint8Array): Promise<void> {
    if (this.#over) return;
    try {
      await this.#exchange.onChunk(data);
      this.#unacknowledged -= data.length;
      this.#send({ type: 'credit', run: this.#run, bytes: data.length });
    } catch {
      this.#clientGone();
    }
  }

  /** Resolves when everything the function answered is with the client. */
  async finish(): Promise<void> {
    await this.#delivered;
    this.stop();
  }

  stop(): void {
    this.#over = true;
    this.#taken?.();
  }

  async #sendRequestBody(body: AsyncIterable<Uint8Array>): Promise<void> {
    // Not `for await`: leaving it early would destroy the request, and with it the connection of the answer.
    const pieces = body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await pieces.next();
        if (this.#over) return;
        if (step.done === true) break;
        await this.#sendPieces(step.value);
      }
      if (!this.#over) this.#send({ type: 'body_end', run: this.#run, error: null });
    } catch (error) {
      if (!this.#over)
        this.#send({ type: 'body_end', run: this.#run, error: `the request body broke off: ${(error as Error).message}` });
    }
  }

  async #sendPieces(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      while (this.#onWay >= bodyWindow && !this.#over) await this.#untilTaken();
      if (this.#over) return;
      const data = bytes.subarray(at, at + pieceBytes);
      this.#onWay += data.length;
      this.#send({ type: 'body', run: this.#run, data });
    }
  }

  #untilTaken(): Promise<void> {
    return new Promise((resolve) => {
      this.#taken = resolve;
    });
  }

  #clientGone(): void {
    if (this.#over) return;
    this.stop();
    this.#onClientGone();
  }
}
