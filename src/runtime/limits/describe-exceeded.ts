import type { ResourceGroup } from './resource-group.js';

/** How a worker ended when the kernel ended it, or one of its children, for its memory; null when it was not that. */
export function describeExceeded(group: ResourceGroup): { how: 'out_of_memory'; message: string } | null {
  const exceeded = group.exceeded();
  return exceeded?.reason === 'out_of_memory' ? { how: 'out_of_memory', message: exceeded.message } : null;
}

/** The limit that may be behind a bad end; undefined when none was run into. */
export function describeHindrance(group: ResourceGroup): string | undefined {
  const exceeded = group.exceeded();
  return exceeded?.reason === 'too_many_processes' ? exceeded.message : undefined;
}

/** What systems and languages say when there may be no more processes or threads. */
const noMoreProcesses = /EAGAIN|Resource temporarily unavailable|can't start new thread|[Cc]annot fork|fork: retry/;

/** The failure of a run, with the limit named when that is what it ran into. */
export function explainFailure(message: string, group: ResourceGroup): string {
  if (!noMoreProcesses.test(message)) return message;
  const exceeded = group.exceeded();
  return exceeded?.reason === 'too_many_processes' ? `${message} (${exceeded.message})` : message;
}
