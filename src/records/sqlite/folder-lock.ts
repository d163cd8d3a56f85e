import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';

/** A data folder that is held by this process. */
export interface FolderLock {
  release(): void;
}

/**
 * Takes the data folder for this process alone. The lock is an exclusive transaction on a small SQLite file: the kernel
 * lets go of it when the process ends, however it ends, so neither a dead process nor a reused pid can block a start.
 * The pid beside it is only for the message. Throws when another process (or another opening in this one) holds the folder.
 */
export function lockFolder(folder: string): FolderLock {
  const database = new Libsql(join(folder, 'lock.db'));
  try {
    database.exec('begin exclusive');
  } catch (error) {
    database.close();
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
    throw new Error(`The data folder ${folder} is in use by another server (pid ${readPid(folder)}).`, { cause: error });
  }
  writeFileSync(pidFile(folder), `${process.pid}\n`);
  return {
    release: () => {
      database.exec('rollback');
      database.close();
    },
  };
}

function readPid(folder: string): string {
  try {
    return readFileSync(pidFile(folder), 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

function pidFile(folder: string): string {
  return join(folder, 'lock.pid');
}
