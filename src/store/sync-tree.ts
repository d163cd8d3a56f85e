import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const oneByOneAtMost = 8;

/**
 * Makes files written into a folder survive a power cut. One by one that takes milliseconds each, so for more than a few
 * their whole file system is asked at once by coreutils' `sync -f`, and only where that is missing each file.
 */
export async function syncTree(folder: string, files: readonly string[]): Promise<void> {
  if (files.length > oneByOneAtMost && (await syncFileSystem(folder))) return;
  for (const file of files) await syncPath(file);
}

/** A folder too: its entries are then durable. */
export async function syncPath(path: string): Promise<void> {
  const opened = await open(path);
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}

async function syncFileSystem(folder: string): Promise<boolean> {
  return await run('sync', ['-f', folder]).then(
    () => true,
    () => false,
  );
}
