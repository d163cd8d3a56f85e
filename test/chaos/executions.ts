import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
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

/**
 * Pids of worker processes that carried a run out and are still there: those that live in the installation's folder, since a
 * pid may be somebody else's by now.
 */
export function livingWorkers(executions: readonly Execution[], folder: string): number[] {
  const pids = new Set(executions.map(({ pid }) => pid));
  return [...pids].filter((pid) => workingFolderOf(pid).startsWith(`${realpathSync(folder)}/`));
}

function workingFolderOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
