import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { killInCgroup, removeCgroup } from './end-cgroup.js';

const tries = 100;
const betweenMs = 5;

/** Written before the first worker: by it the groups of a server that was killed are found, wherever it ran. */
export function noteGroups(root: string, server: string, folders: readonly string[]): void {
  mkdirSync(join(root, 'groups'), { recursive: true, mode: 0o700 });
  writeFileSync(join(root, 'groups', `${server}.note`), folders.join('\n'), { mode: 0o600 });
}

export function forgetGroups(root: string, server: string): void {
  rmSync(join(root, 'groups', `${server}.note`), { force: true });
}

/** Kills what is in the groups that these notes name, also what left its process group and its environment, and removes them. */
export function endNotedGroups(root: string, isDue: (name: string) => boolean): void {
  for (const name of readNames(join(root, 'groups')).filter(isDue)) {
    const folders = readFolders(join(root, 'groups', name));
    for (const folder of folders) killInCgroup(folder);
    for (const folder of folders) removeSoon(folder);
    rmSync(join(root, 'groups', name), { force: true });
  }
}

/** What was killed takes a moment to be gone; nothing else goes on meanwhile, since this belongs before the first claim. */
function removeSoon(folder: string): void {
  for (let round = 0; round < tries && !removeCgroup(folder); round += 1) {
    killInCgroup(folder);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, betweenMs);
  }
}

/** Only what is named as a server's parent group is touched, whatever the note says. */
function readFolders(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((folder) => /\/laneway-[0-9]+-[0-9]+-[0-9]+$/.test(folder));
  } catch {
    return [];
  }
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
