import { GatheredBytes } from '../../../http/gathered-bytes.js';

/**
 * SignalR's JSON hub protocol, version 1: texts that each end with the byte 0x1E, several to a WebSocket frame or one over
 * several frames (aspnetcore, src/SignalR/docs/specs/HubProtocol.md).
 */
const separator = 0x1e;
const end = String.fromCharCode(separator);

/** The client broke the protocol; the message goes to the client in the last message of its connection. */
export class HubProtocolError extends Error {
  override name = 'HubProtocolError';
}

/** What a client says. `invocationId` is null for a call that wants no answer. */
export type HubMessage =
  | {
      kind: 'call';
      streaming: boolean;
      invocationId: string | null;
      target: string;
      args: unknown[];
      uploads: number;
      text: string;
    }
  | { kind: 'cancel'; invocationId: string }
  | { kind: 'close' }
  /** Pings, answers nobody asked for, and kinds of a later protocol, which are to be passed over. */
  | { kind: 'other' };

/** Cuts what arrives into messages. bounded: throws when one grows over the limit. */
export class MessageSplitter {
  readonly #rest = new GatheredBytes();

  constructor(private maxBytes: number) {}

  /** For what comes from now on. */
  allow(maxBytes: number): void {
    this.maxBytes = maxBytes;
  }

  /** The texts that are whole now, without their separators; one at a time, so that each may change what is allowed next. */
  *messagesIn(data: Buffer): Generator<string, void, void> {
    let start = 0;
    for (let at = data.indexOf(separator); at >= 0; at = data.indexOf(separator, start)) {
      this.#keep(data.subarray(start, at));
      const text = this.#rest.take().toString('utf8');
      start = at + 1;
      yield text;
    }
    if (start < data.length) this.#keep(data.subarray(start));
  }

  #keep(piece: Buffer): void {
    if (this.#rest.size + piece.length > this.maxBytes) {
      throw new HubProtocolError(`A message is larger than the limit of ${this.maxBytes} bytes.`);
    }
    this.#rest.add(piece);
  }
}

/** Throws a HubProtocolError for anything but the JSON protocol in version 1. */
export function readHandshake(text: string): void {
  const message = readObject(text, 'The handshake is no JSON object.');
  const { protocol, version } = message;
  if (typeof protocol !== 'string' || typeof version !== 'number') {
    throw new HubProtocolError('The handshake must name a protocol and its version.');
  }
  if (protocol !== 'json') throw new HubProtocolError(`The protocol '${protocol.slice(0, 100)}' is not supported.`);
  if (version !== 1) {
    throw new HubProtocolError(`The server does not support version ${version} of the 'json' protocol.`);
  }
}

/** Throws a HubProtocolError for what can be no message. */
export function readMessage(text: string): HubMessage {
  const message = readObject(text, 'A message is no JSON object.');
  switch (message.type) {
    case 1:
      return readCall(message, text, false);
    case 4:
      return readCall(message, text, true);
    case 5:
      return { kind: 'cancel', invocationId: readId(message) };
    case 7:
      return { kind: 'close' };
    default:
      if (!Number.isInteger(message.type)) throw new HubProtocolError("A message needs its 'type', a whole number.");
      return { kind: 'other' };
  }
}

/** What this server says, each ended by the separator. */
export const say = {
  handshakeDone: `{}${end}`,
  handshakeFailed: (error: string) => JSON.stringify({ error }) + end,
  item: (invocationId: string, item: string) => JSON.stringify({ type: 2, invocationId, item }) + end,
  completion: (invocationId: string, error?: string) => JSON.stringify({ type: 3, invocationId, error }) + end,
  ping: `{"type":6}${end}`,
  close: (error?: string) => JSON.stringify({ type: 7, error }) + end,
};

function readCall(message: Record<string, unknown>, text: string, streaming: boolean): HubMessage {
  const { target, arguments: args, streamIds = [], invocationId } = message;
  if (typeof target !== 'string') throw new HubProtocolError("A call needs its 'target', a string.");
  if (!Array.isArray(args)) throw new HubProtocolError("A call needs its 'arguments', an array.");
  if (!Array.isArray(streamIds)) throw new HubProtocolError("'streamIds' must be an array.");
  const id = streaming || (invocationId !== undefined && invocationId !== null) ? readId(message) : null;
  return { kind: 'call', streaming, invocationId: id, target, args, uploads: streamIds.length, text };
}

function readId({ invocationId }: Record<string, unknown>): string {
  if (typeof invocationId === 'string' && invocationId !== '' && invocationId.length <= 256) return invocationId;
  throw new HubProtocolError("A message needs its 'invocationId', a string of 1 to 256 characters.");
}

function readObject(text: string, otherwise: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new HubProtocolError(otherwise);
}
