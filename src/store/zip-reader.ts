import { open } from 'node:fs/promises';
import { fromRandomAccessReaderPromise, type Entry, type LocalFileHeader, type ZipFile } from 'yauzl';
import { LanewayError, messageOf } from '../errors.js';
import { WindowedReader } from './windowed-reader.js';

/**
 * Opens a zip for reading one entry at a time and closes it whatever happens. Names stay bytes and sizes unchecked:
 * yauzl's own checks have no codes, so the scan makes them. Throws `zip_invalid` when the file can't be read as a zip.
 */
export async function withZip<Result>(path: string, use: (zip: ZipFile) => Promise<Result>): Promise<Result> {
  const options = { autoClose: false, lazyEntries: true, decodeStrings: false, validateEntrySizes: false };
  const file = await open(path);
  try {
    const { size } = await file.stat();
    return await use(await fromRandomAccessReaderPromise(new WindowedReader(file), size, options).catch(refuseUnreadable));
  } finally {
    await file.close();
  }
}

/** The entries in the order of the central directory; only one is in memory at a time. */
export async function* readEntries(zip: ZipFile): AsyncGenerator<Entry> {
  for (;;) {
    const entry = await nextEntry(zip).catch(refuseUnreadable);
    if (entry === null) return;
    yield entry;
  }
}

/** What lies in front of the entry's bytes. */
export async function readLocalHeader(zip: ZipFile, entry: Entry): Promise<LocalFileHeader> {
  return await zip.readLocalFileHeaderPromise(entry).catch(refuseUnreadable);
}

function nextEntry(zip: ZipFile): Promise<Entry | null> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      zip.removeAllListeners();
      act();
    };
    zip.once('entry', (entry: Entry) => settle(() => resolve(entry)));
    zip.once('end', () => settle(() => resolve(null)));
    zip.once('error', (error: Error) => settle(() => reject(error)));
    zip.readEntry();
  });
}

/** A failing disk is not the zip's fault; everything else is. */
function refuseUnreadable(error: unknown): never {
  if (error instanceof Error && 'syscall' in error) throw error;
  const problem = messageOf(error);
  if (/encrypt/.test(problem)) throw new LanewayError('zip_encrypted', { entry: 'of the zip' }, { cause: error });
  throw new LanewayError('zip_invalid', { problem }, { cause: error });
}
