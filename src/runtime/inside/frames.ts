/**
 * Frames between the server and a process: total length (u32), header length (u32), both little-endian and without
 * themselves, the header as JSON and then the raw bytes of the message's `data`, if it has any.
 */
interface Framed {
  type: string;
  data?: string | Uint8Array | null;
}

const prefixBytes = 8;

/** One message as the bytes of its frame. */
export function encodeFrame(message: Framed): Buffer {
  const { data, ...rest } = message;
  const header = JSON.stringify(data === null ? message : rest);
  const headerBytes = Buffer.byteLength(header);
  const dataBytes = typeof data === 'string' ? Buffer.byteLength(data) : (data?.byteLength ?? 0);
  const frame = Buffer.allocUnsafe(prefixBytes + headerBytes + dataBytes);
  frame.writeUInt32LE(4 + headerBytes + dataBytes, 0);
  frame.writeUInt32LE(headerBytes, 4);
  frame.write(header, prefixBytes);
  if (typeof data === 'string') frame.write(data, prefixBytes + headerBytes);
  else if (data) frame.set(data, prefixBytes + headerBytes);
  return frame;
}

/** Types whose `data` is bytes; all others carry text. */
const binary = new Set(['body']);
const textual = new Set(['run', 'log', 'chunk', 'result']);

/** Cuts a byte stream into messages. Throws FrameError on a frame that breaks the rules or is larger than `maxBytes`. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #buffered = 0;
  #wanted = prefixBytes;
  readonly #maxBytes: number;
  readonly #handle: (message: unknown) => void;

  constructor(maxBytes: number, handle: (message: unknown) => void) {
    this.#maxBytes = maxBytes;
    this.#handle = handle;
  }

  push(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#buffered += bytes.length;
    if (this.#buffered < this.#wanted) return;
    let rest = this.#pieces.length === 1 ? bytes : Buffer.concat(this.#pieces);
    for (;;) {
      if (rest.length < prefixBytes) {
        this.#wanted = prefixBytes;
        break;
      }
      const length = 4 + this.#checkedLength(rest);
      if (rest.length < length) {
        this.#wanted = length;
        break;
      }
      const frame = rest.subarray(0, length);
      rest = rest.subarray(length);
      this.#handle(decodeFrame(frame));
    }
    this.#pieces = rest.length > 0 ? [rest] : [];
    this.#buffered = rest.length;
  }

  #checkedLength(frame: Buffer): number {
    const length = frame.readUInt32LE(0);
    if (length > this.#maxBytes) throw new FrameError(`a frame of ${length} bytes, more than ${this.#maxBytes}`);
    if (length < 4 + frame.readUInt32LE(4)) throw new FrameError('a frame shorter than its header');
    return length;
  }
}

/** The other side does not keep to the frames. */
export class FrameError extends Error {
  override name = 'FrameError';
}

function decodeFrame(frame: Buffer): unknown {
  const end = prefixBytes + frame.readUInt32LE(4);
  const message = parseHeader(frame.toString('utf8', prefixBytes, end));
  if (binary.has(message.type)) return { ...message, data: frame.subarray(end) };
  if (textual.has(message.type) && message['data'] !== null) message['data'] = frame.toString('utf8', end);
  return message;
}

function parseHeader(text: string): Record<string, unknown> & { type: string } {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw new FrameError('a header that is not JSON');
  }
  if (typeof header !== 'object' || header === null || typeof (header as { type?: unknown }).type !== 'string') {
    throw new FrameError('a header without a type');
  }
  return header as Record<string, unknown> & { type: string };
}
