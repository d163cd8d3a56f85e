import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bootId, isOtherLivingServer, killGroup, listPids, readProcess } from './process-group.js';

/**
 * Kills the process groups that an earlier server on this folder left behind and deletes their temporary folders. What
 * belongs to a server that lives is left alone: two with the same settings may share the folder by mistake.
 * Belongs before anything is claimed: no-second-live-attempt. Returns how many groups were still alive.
 */
export function killLeftovers(root: string): number {
  const notes = join(root, 'pids');
  const scratch = join(root, 'tmp');
  for (const folder of [notes, scratch]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  let killed = 0;
  for (const name of leftIn(notes)) {
    const { pid, startTime, boot } = readNote(join(notes, name));
    if (pid > 1 && boot === bootId() && isOurGroup(pid, startTime)) {
      killed += 1;
      killGroup(pid);
    }
    rmSync(join(notes, name), { force: true });
  }
  // A process that was killed just now may still have written there.
  for (const name of leftIn(scratch)) rmSync(join(scratch, name), { recursive: true, force: true, maxRetries: 10 });
  return killed;
}

function leftIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => !isOtherLivingServer(name.slice(0, name.indexOf('.'))));
}

function readNote(file: string): { pid: number; startTime: string; boot: string } {
  const [pid, startTime, boot] = readFileSync(file, 'utf8').trim().split(' ');
  return { pid: Number(pid) || 0, startTime: startTime ?? '', boot: boot ?? '' };
}

/**
 * A leader with another start time is a stranger that got the number later. Without a leader the group may live on
 * in its members, and as long as it does the number is not given out again.
 */
function isOurGroup(pid: number, startTime: string): boolean {
  const leader = readProcess(pid);
  if (leader !== null) return leader.startTime === startTime && !(leader.zombie && !hasMembers(pid));
  return hasMembers(pid);
}

function hasMembers(pgid: number): boolean {
  return listPids().some((pid) => {
    const facts = readProcess(pid);
    return facts !== null && facts.pgid === pgid && !facts.zombie;
  });
}
