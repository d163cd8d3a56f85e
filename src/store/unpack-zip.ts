import { mkdir, open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { LanewayError, messageOf } from '../errors.js';
import { FewAtOnce } from './few-at-once.js';
import { pathInside } from './path-inside.js';
import { passedThrough } from './stream-garbage.js';
import { syncTree } from './sync-tree.js';
import { readEntries, readLocalHeader } from './zip-reader.js';
import { readEntryPath, type EntryPath } from './zip-name.js';

const ownerMayExecute = 0o100;
const writersAtOnce = 4;

/**
 * Unpacks a scanned zip into an empty folder, durably. Counts the bytes that really come out: an entry that has another
 * size or checksum than its zip says is `zip_size_lie`. Files become read-only; setuid and the like are dropped.
 */
export async function unpackZip(zip: ZipFile, folder: string): Promise<void> {
  const made = new Set<string>([folder]);
  const files: string[] = [];
  const writers = new FewAtOnce(writersAtOnce);
  try {
    for await (const entry of readEntries(zip)) {
      const path = readEntryPath(entry);
      const target = pathInside(folder, ...path.parts);
      const parent = path.isFolder ? target : pathInside(folder, ...path.parts.slice(0, -1));
      if (!made.has(parent)) await mkdir(parent, { recursive: true, mode: 0o755 });
      made.add(parent);
      if (path.isFolder) continue;
      files.push(target);
      await writers.add(() => unpackFile(zip, { entry, path, target }));
    }
  } finally {
    await writers.finish();
  }
  await syncTree(folder, files);
}

async function unpackFile(
  zip: ZipFile,
  { entry, path, target }: { entry: Entry; path: EntryPath; target: string },
): Promise<void> {
  const bytes = await openEntry(zip, entry, path);
  try {
    // `wx`: nothing that is there already is followed or overwritten.
    const file = await open(target, 'wx', 0o600);
    try {
      const meter = new Meter(entry, path.name);
      for await (const chunk of refuseBroken(bytes, path.name)) {
        await file.writeFile(meter.count(chunk));
        passedThrough(chunk.length);
      }
      meter.finish();
      await file.chmod(mayExecute(entry) || meter.isProgram ? 0o555 : 0o444);
    } finally {
      await file.close();
    }
  } finally {
    bytes.destroy();
  }
}

/** The name in front of the bytes must be the one in the directory: readers that use the other would see another zip. */
async function openEntry(zip: ZipFile, entry: Entry, { name }: EntryPath): Promise<Readable> {
  const header = await readLocalHeader(zip, entry);
  if (!header.fileName.equals(entry.fileNameRaw)) {
    throw new LanewayError('zip_invalid', { problem: `entry ${name} has another name in front of its bytes` });
  }
  const packed = await openPacked(zip, entry, header.fileDataStart);
  return neverUnheard(entry.compressionMethod === 8 ? pipeline(neverUnheard(packed), createInflateRaw(), () => {}) : packed);
}

/**
 * A stream whose error ends nobody's process: it may come before anybody reads, or after the last reader left. Whoever reads
 * is told of it all the same. For this we inflate ourselves: yauzl's own stream can't be listened to in time.
 */
function neverUnheard(stream: Readable): Readable {
  return stream.on('error', () => {});
}

/** The bytes of an entry as they lie in the zip; nothing is read before somebody reads. */
function openPacked(zip: ZipFile, { compressedSize, uncompressedSize }: Entry, start: number): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, stream: Readable) => (error === null ? resolve(stream) : reject(error));
    zip.openReadStreamLowLevel(start, compressedSize, 0, compressedSize, false, uncompressedSize, done);
  });
}

async function* refuseBroken(bytes: Readable, entry: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of bytes) yield chunk as Buffer;
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || !String(error.code).startsWith('Z_')) throw error;
    if (error.code === 'Z_BUF_ERROR') throw new LanewayError('zip_size_lie', { entry }, { cause: error });
    throw new LanewayError(
      'zip_invalid',
      { problem: `entry ${entry} can not be inflated: ${messageOf(error)}` },
      { cause: error },
    );
  }
}

function mayExecute({ externalFileAttributes }: Entry): boolean {
  return ((externalFileAttributes >>> 16) & ownerMayExecute) !== 0;
}

/** Counts and sums up what comes out of one entry, and looks at how it begins. */
class Meter {
  readonly #entry: Entry;
  readonly #name: string;
  #size = 0;
  #sum = 0;
  /** `#!` or ELF: may be executed even when the zip was made where there is no such bit. */
  isProgram = false;

  constructor(entry: Entry, name: string) {
    this.#entry = entry;
    this.#name = name;
  }

  count(chunk: Buffer): Buffer {
    if (this.#size === 0) this.isProgram = isProgramStart(chunk);
    this.#size += chunk.length;
    if (this.#size > this.#entry.uncompressedSize) this.#refuse();
    this.#sum = crc32(chunk, this.#sum);
    return chunk;
  }

  finish(): void {
    if (this.#size !== this.#entry.uncompressedSize || this.#sum !== this.#entry.crc32) this.#refuse();
  }

  #refuse(): never {
    throw new LanewayError('zip_size_lie', { entry: this.#name });
  }
}

/** True for the first bytes of a script with an interpreter line or of a Linux program. */
export function isProgramStart(bytes: Buffer): boolean {
  return bytes.subarray(0, 2).toString('latin1') === '#!' || bytes.subarray(0, 4).toString('latin1') === '\x7fELF';
}
