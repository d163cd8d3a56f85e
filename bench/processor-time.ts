import { readFileSync } from 'node:fs';
import { processTree, whileThere } from './process-tree.js';

/** What the kernel counts processor time in, for users: hundredths of a second on every Linux. */
const tickMs = 10;

/** Milliseconds of processor time that a process and everything below it have taken so far. */
export function processorMs(pid: number): number {
  return processTree(pid).reduce((sum, process) => sum + whileThere(() => ticksOf(process), 0) * tickMs, 0);
}

function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may hold anything. After it: user time is the 12th field, system time the 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
