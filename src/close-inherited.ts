import { closeSync, readdirSync, readFileSync } from 'node:fs';

const firstOfOthers = 3;
const closeOnExec = 0o2000000;

/**
 * Closes the descriptors that whoever started this process left open in it: every worker process would get them too, and
 * what can be read or written by them. Node keeps the first sixteen to itself, and no others. Belongs before anything is opened.
 */
export function closeInherited(): void {
  // A parent that speaks with this process by a channel has started it on purpose; which descriptor that is, is not told.
  if (process.channel !== undefined && process.channel !== null) return;
  for (const fd of listDescriptors()) if (fd >= firstOfOthers && isHandedDown(fd)) tryToClose(fd);
}

function listDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number);
  } catch {
    // Where there is no /proc nothing can be found out.
    return [];
  }
}

function isHandedDown(fd: number): boolean {
  try {
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '';
    return flags !== '' && (Number.parseInt(flags, 8) & closeOnExec) === 0;
  } catch {
    return false;
  }
}

function tryToClose(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // Gone already.
  }
}
