import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { readText, tryWrite } from './cgroup-files.js';

const roundsAtMost = 50;

/** Kills every process in a group and in the groups inside it. What is killed may take a moment to be gone. */
export function killInCgroup(folder: string): void {
  for (const child of childrenOf(folder)) killInCgroup(child);
  if (tryKillAtOnce(folder)) return;
  // One that forks faster than it is killed can't any more.
  tryWrite(folder, 'pids.max', 0);
  const seen = new Set<number>();
  for (let round = 0; round < roundsAtMost; round += 1) {
    const fresh = pidsIn(folder).filter((pid) => !seen.has(pid));
    if (fresh.length === 0) return;
    for (const pid of fresh) {
      seen.add(pid);
      killOne(pid);
    }
  }
}

/** Deletes a group with those inside it; false when something is still in it. */
export function removeCgroup(folder: string): boolean {
  for (const child of childrenOf(folder)) if (!removeCgroup(child)) return false;
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

export function pidsIn(folder: string): number[] {
  // 0 is a process that can't be seen from this namespace.
  return (readText(folder, 'cgroup.procs') ?? '')
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
}

export function childrenOf(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
}

/** The kernel's own way, since 5.14 and in version 2 alone. */
function tryKillAtOnce(folder: string): boolean {
  return existsSync(join(folder, 'cgroup.kill')) && tryWrite(folder, 'cgroup.kill', 1);
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
