import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { promisify } from 'node:util';
import { isMainThread } from 'node:worker_threads';

type Take = (stream: 'stdout' | 'stderr', text: string) => void;

/**
 * What code prints becomes log: `console`, `process.stdout` and `process.stderr`, and writes to descriptors 1 and 2 as
 * loggers make them, so that all of it stays in one order. In a thread this also keeps it off the server's own output.
 */
export function captureOutput(take: Take): void {
  replaceStream('stdout', 1, take);
  replaceStream('stderr', 2, take);
  captureDescriptors(take);
}

function replaceStream(name: 'stdout' | 'stderr', fd: number, take: Take): void {
  const decoder = new StringDecoder('utf8');
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, encoding, done) {
      take(name, typeof chunk === 'string' ? asText(chunk, encoding) : decoder.write(chunk));
      done();
    },
  });
  // A function that ends its stdout has not ended the next run's.
  const end = (...values: unknown[]) => {
    if (typeof values[0] === 'string' || values[0] instanceof Uint8Array) stream.write(values[0]);
    const done = values.findLast((value) => typeof value === 'function');
    if (done !== undefined) process.nextTick(done);
    return stream;
  };
  Object.assign(stream, { fd, end, destroy: () => stream, destroySoon: () => undefined });
  if (!isMainThread) Object.assign(stream, callbacksOf(process[name]));
  Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream });
}

/** In a thread Node calls its own stream by a symbol when the reader wants more, at any moment; here nothing waits for that. */
function callbacksOf(own: object): Record<symbol, () => void> {
  const symbols = Object.getOwnPropertySymbols(Object.getPrototypeOf(own));
  return Object.fromEntries(symbols.map((symbol) => [symbol, () => undefined]));
}

function asText(chunk: string, encoding: BufferEncoding): string {
  return encoding === 'utf8' || (encoding as string) === 'utf-8' ? chunk : Buffer.from(chunk, encoding).toString();
}

/** `fs.write` and `fs.writeSync` on 1 and 2 are how fast loggers write. */
function captureDescriptors(take: Take): void {
  const { write, writeSync } = fs as unknown as Record<'write' | 'writeSync', (...values: unknown[]) => unknown>;
  const promisified: unknown = Reflect.get(write, promisify.custom);
  const takeFrom = (fd: number, data: unknown, rest: unknown[]): number => {
    const bytes = typeof data === 'string' ? Buffer.from(data, encodingIn(rest)) : sliceOf(data, rest);
    take(fd === 1 ? 'stdout' : 'stderr', bytes.toString());
    return bytes.length;
  };
  fs.writeSync = ((fd: number, data: unknown, ...rest: unknown[]) =>
    fd === 1 || fd === 2 ? takeFrom(fd, data, rest) : writeSync(fd, data, ...rest)) as typeof fs.writeSync;
  const captured = (fd: number, data: unknown, ...rest: unknown[]) => {
    if (fd !== 1 && fd !== 2) return write(fd, data, ...rest);
    const done = rest.at(-1);
    const bytes = takeFrom(fd, data, rest);
    if (typeof done === 'function') process.nextTick(() => (done as (...values: unknown[]) => void)(null, bytes, data));
    return undefined;
  };
  Object.assign(captured, { [promisify.custom]: promisified });
  Object.assign(fs, { write: captured });
  syncBuiltinESMExports();
}

/** Of `(data, position?, encoding?)`. */
function encodingIn(rest: unknown[]): BufferEncoding {
  return rest.find((value): value is BufferEncoding => typeof value === 'string' && Buffer.isEncoding(value)) ?? 'utf8';
}

/** Of `(view, offset?, length?, position?)` or `(view, { offset, length })`. */
function sliceOf(data: unknown, rest: unknown[]): Buffer {
  const view = data as NodeJS.ArrayBufferView;
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  const named = typeof rest[0] === 'object' && rest[0] !== null ? (rest[0] as { offset?: number; length?: number }) : null;
  const offset = named?.offset ?? (typeof rest[0] === 'number' ? rest[0] : 0);
  const length = named?.length ?? (typeof rest[1] === 'number' ? rest[1] : bytes.length - offset);
  return bytes.subarray(offset, offset + length);
}
