import type { Logger } from 'pino';
import type { HubTimes } from '../parts.js';
import { sentenceFor } from './sentence-for.js';
import { readFunctionCall, type FunctionCall } from './function-call.js';
import { type HubMessage, HubProtocolError, MessageSplitter, readHandshake, readMessage, say } from './hub-protocol.js';
import { HubSocket, type WebSocketLike } from './hub-socket.js';

/** A call under way on a connection. */
export interface HubStream {
  /** The client wants no more; the run is cancelled. */
  cancel(): void;
  /** The client is gone; the run is cancelled. */
  lose(): void;
}

/** Where the items of a stream go. */
export interface StreamSink {
  item(text: string): Promise<void> | void;
  /** Ends the stream, once; with an error that the client is told. */
  complete(error?: string): void;
}

export interface HubConnectionParts {
  /** Starts the run of a call; what is wrong with it comes by `sink.complete`. */
  start: (call: FunctionCall, sink: StreamSink) => HubStream;
  maxMessageBytes: number;
  times: HubTimes;
  log: Logger;
}

const method = 'functionhandler';
/** bounded: calls under way on one connection. */
const maxStreams = 100;
const maxHandshakeBytes = 4096;

/**
 * One client of the hub. It shakes hands first (or is let go), then calls, cancels and pings until one side closes.
 * Whatever the client started and has not seen the end of is cancelled when it goes.
 */
export class HubConnection {
  readonly #socket: HubSocket;
  readonly #streams = new Map<string, HubStream>();
  readonly #ticking: NodeJS.Timeout;
  readonly #began = Date.now();
  readonly #splitter = new MessageSplitter(maxHandshakeBytes);
  #shaken = false;
  #lastHeard = Date.now();

  constructor(
    webSocket: WebSocketLike,
    private readonly parts: HubConnectionParts,
  ) {
    this.#socket = new HubSocket(webSocket);
    webSocket.on('message', (data) => this.#hear(toBuffer(data)));
    webSocket.on('close', () => this.#lose());
    const { handshakeMs, pingMs, silenceMs } = parts.times;
    this.#ticking = setInterval(() => this.#tick(), Math.max(10, Math.min(handshakeMs, pingMs, silenceMs) / 10));
    this.#ticking.unref();
  }

  #hear(data: Buffer): void {
    this.#lastHeard = Date.now();
    try {
      for (const text of this.#splitter.messagesIn(data)) {
        if (!this.#socket.open) return;
        if (this.#shaken) this.#follow(readMessage(text));
        else this.#shakeHands(text);
      }
    } catch (error) {
      if (!(error instanceof HubProtocolError)) this.parts.log.error({ err: error }, 'a hub message could not be handled');
      this.#refuse(error instanceof HubProtocolError ? error.message : 'The server could not handle a message.');
    }
  }

  #shakeHands(text: string): void {
    readHandshake(text);
    this.#shaken = true;
    this.#splitter.allow(this.parts.maxMessageBytes);
    void this.#socket.send(say.handshakeDone);
  }

  #follow(message: HubMessage): void {
    if (message.kind === 'call') this.#call(message);
    else if (message.kind === 'cancel') this.#streams.get(message.invocationId)?.cancel();
    else if (message.kind === 'close') this.#socket.close(say.close());
  }

  #call(call: Extract<HubMessage, { kind: 'call' }>): void {
    const { invocationId } = call;
    const problem = this.#problemOf(call);
    if (problem !== null) {
      if (invocationId === null) this.parts.log.debug({ problem }, 'a hub call that wants no answer was refused');
      else this.#socket.answer(say.completion(invocationId, problem));
      return;
    }
    this.#start(invocationId!, call);
  }

  /** Told in the words of ASP.NET's own hub, where it has some. */
  #problemOf({ target, streaming, uploads, invocationId }: Extract<HubMessage, { kind: 'call' }>): string | null {
    const shown = target.slice(0, 100);
    if (target.toLowerCase() !== method) return `Unknown hub method '${shown}'`;
    if (!streaming) return `The client attempted to invoke the streaming '${shown}' method with a non-streaming invocation.`;
    if (uploads > 0) return `Client sent ${uploads} stream(s), Hub method expects 0.`;
    if (this.#streams.has(invocationId!)) return `Invocation ID '${invocationId}' is already in use.`;
    if (this.#streams.size >= maxStreams) return `The connection has ${maxStreams} calls under way, which is its limit.`;
    return null;
  }

  #start(invocationId: string, { args, text }: Extract<HubMessage, { kind: 'call' }>): void {
    let done = false;
    const sink: StreamSink = {
      item: (item) => (done ? undefined : this.#socket.send(say.item(invocationId, item))),
      complete: (error) => {
        if (done) return;
        done = true;
        this.#streams.delete(invocationId);
        this.#socket.answer(say.completion(invocationId, error));
      },
    };
    try {
      const stream = this.parts.start(readFunctionCall(args, text), sink);
      if (!done) this.#streams.set(invocationId, stream);
    } catch (error) {
      sink.complete(sentenceFor(error, this.parts.log));
    }
  }

  #tick(): void {
    const { handshakeMs, pingMs, silenceMs } = this.parts.times;
    const now = Date.now();
    if (!this.#shaken) {
      if (now - this.#began >= handshakeMs) this.#refuse('Handshake was canceled.');
    } else if (now - this.#lastHeard >= silenceMs) this.#refuse(`Nothing was heard from the client for ${silenceMs / 1000} s.`);
    else if (this.#socket.silentMs >= pingMs) this.#socket.ping(say.ping);
  }

  #refuse(problem: string): void {
    this.#socket.close(this.#shaken ? say.close(problem) : say.handshakeFailed(problem));
    this.#lose();
  }

  #lose(): void {
    clearInterval(this.#ticking);
    for (const stream of this.#streams.values()) stream.lose();
    this.#streams.clear();
  }
}

function toBuffer(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
