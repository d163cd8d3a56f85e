import { readFileSync } from 'node:fs';
import type { Execution } from './history.js';

/** What the functions noted of their attempts, in order of time. */
export function readExecutions(file: string): Execution[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [runId, attempt, what, pid, at] = line.split(' ') as [string, string, Execution['what'], string, string];
      return { runId, attempt: Number(attempt), what, pid: Number(pid), at: Number(at) };
    })
    .sort((a, b) => a.at - b.at);
}

/** Pids of worker processes that carried a run out and are still there. */
export function livingWorkers(executions: readonly Execution[]): number[] {
  const pids = new Set(executions.map(({ pid }) => pid));
  return [...pids].filter((pid) => commandOf(pid).includes('dist/src/runtime/inside/'));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
