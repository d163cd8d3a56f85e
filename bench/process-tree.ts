import { readdirSync, readFileSync } from 'node:fs';

/** A process and everything below it, as far as it is there. */
export function processTree(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(processTree)];
}

/** A process or thread may end between two looks. */
export function whileThere<Seen>(look: () => Seen, none: Seen): Seen {
  try {
    return look();
  } catch {
    return none;
  }
}

/** Each thread has children of its own. */
function childrenOf(pid: number): number[] {
  const threads = whileThere(() => readdirSync(`/proc/${pid}/task`), []);
  return threads
    .flatMap((thread) => whileThere(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'), '').split(' '))
    .map(Number)
    .filter((child) => child > 0);
}
