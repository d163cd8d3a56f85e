import type { Entry, ZipFile } from 'yauzl';
import { LanewayError } from '../errors.js';
import { readEntries } from './zip-reader.js';
import { readEntryPath, type EntryPath } from './zip-name.js';
import { ZipTree } from './zip-tree.js';

export interface ZipLimits {
  /** Files and folders, implied ones included. */
  maxEntries: number;
  /** Bytes of all files together. */
  maxUnpacked: number;
  /** Unpacked bytes per packed byte of an entry above 1 MiB. */
  maxRatio: number;
}

const ratioFrom = 2 ** 20;
const typeMask = 0xf000;
const typeFolder = 0x4000;
const typeFile = 0x8000;
const typeLink = 0xa000;
const encryptedFlags = 0x2041;

/**
 * Reads the central directory only and refuses whatever must not be unpacked, each kind with its own `zip_` code.
 * What it says of sizes is checked against the bytes when they are inflated.
 */
export async function scanZip(zip: ZipFile, limits: ZipLimits): Promise<void> {
  if (zip.entryCount > limits.maxEntries) throw new LanewayError('zip_too_many_entries', { limit: limits.maxEntries });
  const scan = new Scan(limits);
  for await (const entry of readEntries(zip)) scan.take(entry);
  scan.finish();
}

class Scan {
  readonly #limits: ZipLimits;
  readonly #tree: ZipTree;
  readonly #ranges: { start: number; end: number }[] = [];
  #unpacked = 0;

  constructor(limits: ZipLimits) {
    this.#limits = limits;
    this.#tree = new ZipTree(limits.maxEntries);
  }

  take(entry: Entry): void {
    const path = readEntryPath(entry);
    refuseKind(entry, path);
    refuseEncoding(entry, path);
    this.#tree.add(path);
    this.#refuseSizes(entry, path);
    if (!path.isFolder) this.#ranges.push(rangeOf(entry));
  }

  finish(): void {
    if (this.#ranges.length === 0) throw new LanewayError('zip_empty');
    this.#ranges.sort((first, second) => first.start - second.start);
    for (const [index, { start }] of this.#ranges.entries()) {
      const before = this.#ranges[index - 1];
      if (before !== undefined && before.end > start) throw new LanewayError('zip_invalid', { problem: 'entries overlap' });
    }
  }

  #refuseSizes({ uncompressedSize, compressedSize }: Entry, { name, isFolder }: EntryPath): void {
    if (isFolder && uncompressedSize > 0) throw new LanewayError('zip_invalid', { problem: `folder ${name} has content` });
    const { maxRatio, maxUnpacked } = this.#limits;
    if (uncompressedSize > ratioFrom && uncompressedSize > maxRatio * Math.max(compressedSize, 1)) {
      throw new LanewayError('zip_ratio', { entry: name, limit: maxRatio });
    }
    this.#unpacked += uncompressedSize;
    if (this.#unpacked > maxUnpacked) throw new LanewayError('zip_unpacked_too_large', { limit: maxUnpacked });
  }
}

/** The upper half of the attributes is the Unix mode, whatever system the zip says it comes from. */
function refuseKind({ externalFileAttributes }: Entry, { name, isFolder }: EntryPath): void {
  const type = (externalFileAttributes >>> 16) & typeMask;
  if (type === typeLink) throw new LanewayError('zip_symlink', { entry: name });
  if (type === typeFolder && !isFolder) throw new LanewayError('zip_invalid', { problem: `folder ${name} is named like a file` });
  if (type !== 0 && type !== typeFile && type !== typeFolder) throw new LanewayError('zip_device', { entry: name });
}

function refuseEncoding({ generalPurposeBitFlag, compressionMethod }: Entry, { name }: EntryPath): void {
  if ((generalPurposeBitFlag & encryptedFlags) !== 0) throw new LanewayError('zip_encrypted', { entry: name });
  if (compressionMethod !== 0 && compressionMethod !== 8) {
    throw new LanewayError('zip_invalid', { problem: `entry ${name} is packed by method ${compressionMethod}; use deflate` });
  }
}

function rangeOf({ relativeOffsetOfLocalHeader: start, compressedSize, fileNameLength }: Entry): { start: number; end: number } {
  return { start, end: start + 30 + fileNameLength + compressedSize };
}
