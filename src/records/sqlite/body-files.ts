import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors.js';
import type { LargeBodies } from '../backend.js';
import { recordsUnavailable } from '../unavailable.js';

/** Large bodies as files of a folder; the reference is the file's name. */
export class BodyFiles implements LargeBodies {
  constructor(private readonly folder: string) {}

  /** Makes the folder, and removes the files that no row refers to: their server died before it wrote the row. */
  async open(referredTo: () => Promise<Set<string>>): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const files = await readdir(this.folder);
    if (files.length === 0) return;
    const needed = await referredTo();
    await this.remove(files.filter((file) => !needed.has(file)));
  }

  async keep(text: string): Promise<string> {
    const name = randomUUID();
    try {
      await writeDurably(join(this.folder, name), text);
      await syncFolder(this.folder);
    } catch (error) {
      await this.remove([name]).catch(() => {});
      throw recordsUnavailable(error);
    }
    return name;
  }

  async read(reference: string): Promise<string> {
    try {
      return await readFile(join(this.folder, reference), 'utf8');
    } catch (error) {
      // It will not come back: who waited for it would wait for ever.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        throw new Error(`The payload or result ${reference} is not in the records.`, { cause: error });
      }
      throw recordsUnavailable(new Error(`a payload or result can't be read: ${messageOf(error)}`, { cause: error }));
    }
  }

  async remove(references: readonly string[]): Promise<void> {
    for (const reference of references) await rm(join(this.folder, reference), { force: true });
  }
}

/** In characters: a copy of the whole as bytes would cost as much memory again. */
const pieceLength = 1024 * 1024;

function* inPieces(text: string): Generator<string> {
  for (let from = 0; from < text.length;) {
    const end = from + pieceLength;
    // The halves of a surrogate pair stay together.
    const isBetween = end < text.length && (text.charCodeAt(end) & 0xfc00) === 0xdc00;
    yield text.slice(from, isBetween ? end + 1 : end);
    from = isBetween ? end + 1 : end;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for (const piece of inPieces(text)) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new file survives a power cut only when its name in the folder does. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
