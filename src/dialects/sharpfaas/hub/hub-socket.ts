/** As much of a WebSocket of `ws` as the hub needs. */
export interface WebSocketLike {
  readonly bufferedAmount: number;
  send(data: string, done: (error?: Error) => void): void;
  close(code: number): void;
  terminate(): void;
  on(event: 'message', listener: (data: Buffer | ArrayBuffer | Buffer[]) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
}

/** Above this many bytes that the client has not taken, a stream waits. */
const highWater = 256 * 1024;
/** A client this far behind that goes on asking is let go. */
const tooFarBehind = 16 * 1024 * 1024;
/** A closing client gets this long to answer; a dead one never would. */
const closeMs = 2000;

/** The sending half of a hub connection. bounded: senders that wait for `send` keep a slow client from filling the memory. */
export class HubSocket {
  #open = true;
  #lastSent = Date.now();

  constructor(private readonly socket: WebSocketLike) {
    socket.on('close', () => (this.#open = false));
  }

  get open(): boolean {
    return this.#open;
  }

  /** Milliseconds since something was sent. */
  get silentMs(): number {
    return Date.now() - this.#lastSent;
  }

  /** Resolves when the next may be sent, at once as a rule; never rejects, for a lost client is told of by its close. */
  send(text: string): Promise<void> | void {
    if (!this.#open) return;
    this.#lastSent = Date.now();
    if (this.socket.bufferedAmount <= highWater) return this.socket.send(text, () => {});
    return new Promise((resolve) => this.socket.send(text, () => resolve()));
  }

  /** For answers, which wait for nobody. bounded: a client that asks and asks but takes no answer is cut off. */
  answer(text: string): void {
    if (this.socket.bufferedAmount > tooFarBehind) this.socket.terminate();
    else void this.send(text);
  }

  /** Not sent to a client that is behind: what waits for it says as much. */
  ping(text: string): void {
    if (this.socket.bufferedAmount === 0) void this.send(text);
  }

  /** Sends a last word and closes. */
  close(lastWord: string): void {
    if (!this.#open) return;
    void this.send(lastWord);
    this.#open = false;
    this.socket.close(1000);
    const timer = setTimeout(() => this.socket.terminate(), closeMs);
    this.socket.on('close', () => clearTimeout(timer));
    timer.unref();
  }
}
