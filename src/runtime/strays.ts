import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listPids } from './process-group.js';

const roundsAtMost = 20;

/**
 * Kills processes that left their worker's group (setsid) but still have its temporary folder as HOME or TMPDIR. `isOurs`
 * gets the folder's name. A process that cleaned its environment, or runs as another user, is not found. Returns how many.
 */
export function killStrays(root: string, isOurs: (name: string) => boolean): number {
  const killed = new Set<number>();
  // One that is found may have started another in the meantime.
  for (let round = 0; round < roundsAtMost; round += 1) {
    const found = listPids().filter((pid) => !killed.has(pid) && pid !== process.pid && isStray(pid, join(root, 'tmp/'), isOurs));
    if (found.length === 0) break;
    for (const pid of found) {
      killed.add(pid);
      killOne(pid);
    }
  }
  return killed.size;
}

function isStray(pid: number, scratch: string, isOurs: (name: string) => boolean): boolean {
  return readEnvironment(pid).some((entry) => {
    const value = /^(?:HOME|TMPDIR)=(.*)$/s.exec(entry)?.[1];
    return value?.startsWith(scratch) === true && isOurs(value.slice(scratch.length).split('/')[0]!);
  });
}

function readEnvironment(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
