import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOwnCgroups } from './own-cgroups.js';

/** Where the server itself goes in version 2: a group with groups inside may have no processes of its own. */
export const serverLeaf = 'laneway-server';

/**
 * Moves this process there, if it is alone in its group: the servers it starts are born there, and find the group above
 * free for their workers' groups. Where that can't be had, each server says so at its start.
 */
export function enterServerLeaf(v2: string | null = findOwnCgroups().v2): void {
  if (v2 === null) return;
  try {
    if (readFileSync(join(v2, 'cgroup.procs'), 'utf8').trim() !== String(process.pid)) return;
    const leaf = join(v2, serverLeaf);
    mkdirSync(leaf, { recursive: true });
    writeFileSync(join(leaf, 'cgroup.procs'), String(process.pid));
  } catch {
    // Not ours to divide.
  }
}
