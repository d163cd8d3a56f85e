import { randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { pathInside } from '../store/path-inside.js';
import { removeAll } from './copy-files.js';

const prefix = '.laneway-backup.';

/** A private folder for what is not complete yet. Those that killed backups left beside it are removed. */
export async function makeOwnFolder(parent: string): Promise<string> {
  for (const name of await readdir(parent)) {
    if (name.startsWith(prefix) && !isAlive(Number(name.split('.')[2]))) await removeAll(pathInside(parent, name));
  }
  const folder = pathInside(parent, `${prefix}${process.pid}.${randomUUID()}`);
  await mkdir(folder, { mode: 0o700 });
  return folder;
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
