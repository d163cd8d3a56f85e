import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** In the executor's folder: where its slots lie. */
const pointer = 'slots-folder';

/**
 * A folder below `root` that is this server's alone, the same at every start: several servers may share a store, and each
 * removes only what it left itself. Synchronous, as it is a handful of small steps at start.
 */
export function openSlots(folder: string, root: string): string {
  const before = findSlots(folder);
  if (before !== null && dirname(before) === root && existsSync(before)) return before;
  if (before !== null) rmSync(before, { recursive: true, force: true });
  const own = join(root, randomUUID());
  mkdirSync(own, { recursive: true, mode: 0o755 });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, pointer), own, { mode: 0o600 });
  return own;
}

/** The folder of the slots of the server whose workers are noted in this folder; null when it never had any. */
export function findSlots(folder: string): string | null {
  try {
    return readFileSync(join(folder, pointer), 'utf8') || null;
  } catch {
    return null;
  }
}
