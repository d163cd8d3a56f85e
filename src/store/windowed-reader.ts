import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { RandomAccessReader } from 'yauzl';

const windowBytes = 1 << 16;

interface Window {
  start: number;
  bytes: Buffer;
}

/**
 * Reads a zip for yauzl through two windows of 64 KiB, one for its directory and one for the files, as they are read in
 * turns: headers and small files lie close together, and asking the disk for each made a scan ten times slower.
 * One reading at a time, as yauzl does.
 */
export class WindowedReader extends RandomAccessReader {
  readonly #file: FileHandle;
  #recent: Window = { start: 0, bytes: Buffer.alloc(0) };
  #older: Window = { start: 0, bytes: Buffer.alloc(0) };

  constructor(file: FileHandle) {
    super();
    this.#file = file;
  }

  override createReadStream({ start, end }: { start: number; end: number }): Readable {
    return Readable.from(this.#pieces(start, end));
  }

  override read(target: Buffer, ...[offset, length, position, done]: ReadRest): void {
    const take = (bytes: Buffer) => done(null, bytes.copy(target, offset));
    const known = this.#known(position, length);
    if (known !== null) take(known);
    else this.#load(position, length).then(take, done);
  }

  /** Copies: a piece of a window would keep all of it in memory. */
  async *#pieces(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end; at += windowBytes) {
      const length = Math.min(windowBytes, end - at);
      yield Buffer.from(this.#known(at, length) ?? (await this.#load(at, length)));
    }
  }

  #known(position: number, length: number): Buffer | null {
    const isRecent = holds(this.#recent, position, length);
    if (!isRecent && !holds(this.#older, position, length)) return null;
    if (!isRecent) [this.#recent, this.#older] = [this.#older, this.#recent];
    return this.#recent.bytes.subarray(position - this.#recent.start, position - this.#recent.start + length);
  }

  /** Fewer bytes than asked for where the file ends. */
  async #load(position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(Math.max(windowBytes, length));
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, position);
    this.#older = this.#recent;
    this.#recent = { start: position, bytes: buffer.subarray(0, bytesRead) };
    return this.#recent.bytes.subarray(0, length);
  }
}

type ReadRest = [offset: number, length: number, position: number, done: (error: Error | null, bytesRead?: number) => void];

function holds({ start, bytes }: Window, position: number, length: number): boolean {
  return position >= start && position + length <= start + bytes.length;
}
