import { readdirSync, readFileSync } from 'node:fs';

/** Processes of the machine, in whatever namespace, with the text on their command line. Zombies have none. */
export function findProcesses(text: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && readText(`/proc/${pid}/cmdline`).includes(text));
}

/** Ends them. The text must be one that nobody else has. */
export function killProcesses(text: string): void {
  for (const pid of findProcesses(text)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
}

/** A field of /proc/<pid>/status; empty when there is no such process. */
export function statusOf(pid: number, field: string): string {
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readText(`/proc/${pid}/status`))?.[1] ?? '';
}

/** Whether it is gone, or is only waiting for somebody to ask how it ended. */
export function hasEnded(pid: number): boolean {
  return /^$|^[ZX]/.test(statusOf(pid, 'State'));
}

/** Memory that it holds now. */
export function residentBytes(pid: number): number {
  return Number.parseInt(statusOf(pid, 'VmRSS') || '0', 10) * 1024;
}

/** Empty when it can't be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
