import { readFileSync } from 'node:fs';
import { processTree, whileThere } from './process-tree.js';

/** Resident memory in MiB of one process, its children not counted. */
export function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

/** Of a process and everything below it. Pages they share, such as the code of node, count once for each. */
export function residentTreeMb(pid: number): number {
  return processTree(pid).reduce((sum, process) => sum + whileThere(() => residentMb(process), 0), 0);
}

/** The most that a process, without its children, had while the work went on, looked at every few milliseconds. */
export async function peakDuring(pid: number, work: () => Promise<void>): Promise<number> {
  let peak = residentMb(pid);
  const looks = setInterval(() => (peak = Math.max(peak, residentMb(pid))), 5);
  try {
    await work();
  } finally {
    clearInterval(looks);
  }
  return peak;
}
