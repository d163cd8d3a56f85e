import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findSlots } from './confinement/slots-folder.js';
import { endNotedGroups } from './limits/group-notes.js';
import { bootId, isOtherLivingServer, killGroup, listPids, readProcess } from './process-group.js';
import { killStrays } from './strays.js';

/**
 * Kills the process groups that an earlier server on this folder left behind, and what left those groups, and deletes their
 * temporary folders. What belongs to a server that lives is left alone: two with the same settings may share the folder by
 * mistake. Belongs before anything is claimed: no-second-live-attempt. Returns how many groups were still alive.
 */
export function killLeftovers(root: string): number {
  for (const folder of [join(root, 'pids'), join(root, 'tmp')]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return endAll(root, (name) => !isOtherLivingServer(serverOf(name)));
}

/** The same for what one server started that is gone by now. Its next start may be at it at the same time. */
export function endWorkersOf(root: string, server: string): number {
  return endAll(root, (name) => serverOf(name) === server);
}

/**
 * A leader with another start time is a stranger that got the number later. Without a leader the group may live on
 * in its members, and as long as it does the number is not given out again.
 */
export function isOurGroup(pid: number, startTime: string): boolean {
  const leader = readProcess(pid);
  if (leader !== null) return leader.startTime === startTime && !(leader.zombie && !hasMembers(pid));
  return hasMembers(pid);
}

/** Names of notes and temporary folders begin with the server's. */
function serverOf(name: string): string {
  return name.slice(0, name.indexOf('.'));
}

function endAll(root: string, isDue: (name: string) => boolean): number {
  const notes = join(root, 'pids');
  const scratch = join(root, 'tmp');
  let killed = 0;
  for (const name of readFolder(notes).filter(isDue)) {
    const { pid, startTime, boot } = readNote(join(notes, name));
    if (pid > 1 && boot === bootId() && isOurGroup(pid, startTime)) {
      killed += 1;
      killGroup(pid);
    }
    rmSync(join(notes, name), { force: true });
  }
  endNotedGroups(root, isDue);
  killStrays(root, isDue);
  const slots = findSlots(root);
  // A process that was killed just now may still have written there.
  for (const name of readFolder(scratch).filter(isDue)) {
    rmSync(join(scratch, name), { recursive: true, force: true, maxRetries: 10 });
  }
  if (slots !== null) {
    for (const name of readFolder(slots).filter(isDue)) rmSync(join(slots, name), { recursive: true, force: true });
  }
  return killed;
}

function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readNote(file: string): { pid: number; startTime: string; boot: string } {
  const [pid, startTime, boot] = readText(file).trim().split(' ');
  return { pid: Number(pid) || 0, startTime: startTime ?? '', boot: boot ?? '' };
}

/** Nothing when somebody else has put it in order already. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function hasMembers(pgid: number): boolean {
  return listPids().some((pid) => {
    const facts = readProcess(pid);
    return facts !== null && facts.pgid === pgid && !facts.zombie;
  });
}
