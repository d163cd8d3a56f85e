import { killGroup } from '../process-group.js';
import type { ExceededLimit, ResourceGroup, ResourceGroups } from './resource-group.js';

/** Without cgroups: what one process may have is held by rlimits, what all have together is watched, see `MemoryWatch`. */
export class RlimitGroups implements ResourceGroups {
  readonly how = 'rlimits';
  readonly limitsCpu = false;
  readonly description: string;

  /** `why` there is nothing better. */
  constructor(why: string) {
    this.description = `rlimits and a watch on memory and processes, no cpu limit: ${why}`;
  }

  open(): ResourceGroup {
    return new WatchedGroup();
  }

  close(): void {
    // There is nothing but processes, and those end with their workers.
  }
}

class WatchedGroup implements ResourceGroup {
  readonly entrances: readonly string[] = [];
  #leader: number | null = null;

  add(pid: number): void {
    this.#leader ??= pid;
  }

  limit(): void {
    // The watch reads the limits of the version.
  }

  exceeded(): ExceededLimit | null {
    return null;
  }

  yieldCpu(): void {
    // Only the kernel can weigh one group against another.
  }

  memoryBytes(): number | null {
    return null;
  }

  kill(): void {
    if (this.#leader !== null) killGroup(this.#leader);
  }

  remove(): void {
    this.#leader = null;
  }
}
