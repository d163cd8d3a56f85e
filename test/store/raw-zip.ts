import { crc32, deflateRawSync } from 'node:zlib';

/** One entry; whatever is given overrides the truth. */
export interface RawEntry {
  name: string | Buffer;
  data?: Buffer | string;
  /** 0 stored, 8 deflated. */
  method?: number;
  flags?: number;
  /** Unix mode with its file type, as in `0o120777` for a link. */
  mode?: number;
  crc?: number;
  size?: number;
  packedSize?: number;
  /** The bytes that lie in the zip, already packed. */
  packed?: Buffer;
  localName?: string;
  /** Where the directory says that the entry begins. */
  offset?: number;
  extra?: Buffer;
}

export interface RawZipOptions {
  comment?: Buffer;
  /** What the end record says instead of the truth. */
  count?: number;
  disk?: number;
  /** With a zip64 end record that says this many. */
  zip64Count?: number;
}

const utf8Flag = 0x800;

/** Writes a zip byte by byte, so that it can lie wherever it is told to. */
export function rawZip(entries: readonly RawEntry[], options: RawZipOptions = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const packed = pack(entry);
    const local = Buffer.concat([header(entry, packed, 'local'), packed.bytes]);
    directory.push(header(entry, packed, 'central', entry.offset ?? at));
    parts.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([...parts, central, ...endRecords(central.length, at, entries.length, options)]);
}

interface Packed {
  bytes: Buffer;
  method: number;
  crc: number;
  size: number;
  packedSize: number;
}

function pack({ data = '', method = 8, ...lies }: RawEntry): Packed {
  const content = typeof data === 'string' ? Buffer.from(data) : data;
  const bytes = lies.packed ?? (method === 8 ? deflateRawSync(content) : content);
  return {
    bytes,
    method,
    crc: lies.crc ?? crc32(content),
    size: lies.size ?? content.length,
    packedSize: lies.packedSize ?? bytes.length,
  };
}

function header(entry: RawEntry, packed: Packed, kind: 'local' | 'central', offset = 0): Buffer {
  const shown = kind === 'local' ? (entry.localName ?? entry.name) : entry.name;
  const name = typeof shown === 'string' ? Buffer.from(shown) : shown;
  const extra = kind === 'central' ? (entry.extra ?? Buffer.alloc(0)) : Buffer.alloc(0);
  const flags = entry.flags ?? (typeof entry.name === 'string' ? utf8Flag : 0);
  const common = numbers([20, 2], [flags, 2], [packed.method, 2], [0, 2], [0x21, 2], [packed.crc, 4]);
  const sizes = numbers([packed.packedSize, 4], [packed.size, 4], [name.length, 2], [extra.length, 2]);
  if (kind === 'local') return Buffer.concat([numbers([0x04034b50, 4]), common, sizes, name, extra]);
  const start = numbers([0x02014b50, 4], [0x0314, 2]);
  const attributes = numbers([0, 2], [0, 2], [0, 2], [((entry.mode ?? 0o100644) << 16) >>> 0, 4], [offset, 4]);
  return Buffer.concat([start, common, sizes, attributes, name, extra]);
}

function endRecords(size: number, offset: number, count: number, options: RawZipOptions): Buffer[] {
  const comment = options.comment ?? Buffer.alloc(0);
  const shown = Math.min(options.count ?? count, 0xffff);
  const disk = options.disk ?? 0;
  const end = numbers([0x06054b50, 4], [disk, 2], [disk, 2], [shown, 2], [shown, 2], [size, 4], [offset, 4], [comment.length, 2]);
  const { zip64Count } = options;
  if (zip64Count === undefined) return [end, comment];
  const head = numbers([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [0, 4], [0, 4]);
  const tail = numbers([zip64Count, 8], [zip64Count, 8], [size, 8], [offset, 8]);
  const locator = numbers([0x07064b50, 4], [0, 4], [offset + size, 8], [1, 4]);
  return [head, tail, locator, end, comment];
}

/** Little-endian numbers, each with its width in bytes. */
export function numbers(...fields: (readonly [value: number, bytes: number])[]): Buffer {
  return Buffer.concat(
    fields.map(([value, bytes]) => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigUInt64LE(BigInt(value));
      return buffer.subarray(0, bytes);
    }),
  );
}
