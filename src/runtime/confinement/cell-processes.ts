import type { Readable } from 'node:stream';
import { killGroup, listPids, readProcess } from '../process-group.js';

/** Process numbers are given out one after the other: who was started right after is near. */
const nearby = 32;

/** The processes in one cell, by their numbers outside. */
export class CellProcesses {
  /** The first one inside, an ancestor of all others: it waits for them, and they die with it. */
  init: number | null = null;
  #main: number | null = null;

  /** `info` is what bubblewrap tells about what it started; `onKnown` is called when it has. */
  constructor(info: Readable, onKnown: () => void) {
    let text = '';
    info.on('error', () => undefined);
    info.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
      const match = /"child-pid": (\d+),?\s/.exec(text);
      if (match === null || this.init !== null) return;
      this.init = Number(match[1]);
      onKnown();
    });
  }

  /** The worker itself, once it was started; it is the first that the first process starts. */
  get main(): number | null {
    if (this.#main === null && this.init !== null) this.#main = findChild(this.init);
    return this.#main;
  }

  /** Whether there are more than the worker itself, be they in groups of their own. */
  hasOthers(): boolean {
    if (this.init === null) return false;
    const known = new Set([this.init]);
    // In the order of their numbers parents mostly come first; a second look finds what was missed.
    for (let grown = true; grown;) {
      const before = known.size;
      for (const pid of listPids()) {
        const facts = readProcess(pid);
        if (facts !== null && !facts.zombie && known.has(facts.parent)) known.add(pid);
      }
      grown = known.size > before;
    }
    known.delete(this.init);
    if (this.main !== null) known.delete(this.main);
    return known.size > 0;
  }

  kill(): void {
    if (this.init !== null) killGroup(this.init);
  }
}

function findChild(parent: number): number | null {
  const isChild = (pid: number) => readProcess(pid)?.parent === parent;
  for (let pid = parent + 1; pid <= parent + nearby; pid += 1) if (isChild(pid)) return pid;
  return listPids().find(isChild) ?? null;
}
