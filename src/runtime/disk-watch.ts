import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../errors.js';
import type { PooledWorker } from './pooled-worker.js';

const everyMs = 1000;
const filesAtMost = 100_000;
const megabyte = 1024 * 1024;

/**
 * Ends runs that fill their temporary folder. There is no quota for a folder that every file system has, so it is looked
 * at: beside the work, one folder at a time, and what is written within a second is not stopped.
 */
export class DiskWatch {
  readonly #limitBytes: number;
  #lookedAt = 0;
  #looking = false;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Called at every tick while processes run something. */
  watch(now: number, workers: Iterable<PooledWorker>): void {
    if (this.#looking || now - this.#lookedAt < everyMs) return;
    this.#looking = true;
    const due = [...workers].filter(({ run, worker }) => run !== null && worker.scratchFolder !== undefined);
    void this.#lookAt(due).finally(() => {
      this.#looking = false;
      this.#lookedAt = performance.now();
    });
  }

  async #lookAt(workers: readonly PooledWorker[]): Promise<void> {
    for (const worker of workers) {
      const excess = await this.#excessOf(worker.worker.scratchFolder!);
      if (excess !== null) worker.kill({ reason: 'function_error', message: excess });
    }
  }

  /** In words; null when there is none. */
  async #excessOf(folder: string): Promise<string | null> {
    const sum = { bytes: 0, files: 0 };
    try {
      await this.#add(folder, sum);
    } catch (error) {
      return `its temporary folder can not be looked at: ${messageOf(error)}`;
    }
    if (sum.files > filesAtMost) return `more than ${filesAtMost} files in its temporary folder`;
    if (sum.bytes <= this.#limitBytes) return null;
    return `${Math.ceil(sum.bytes / megabyte)} MB of ${Math.floor(this.#limitBytes / megabyte)} MB in its temporary folder`;
  }

  async #add(folder: string, sum: { bytes: number; files: number }): Promise<void> {
    const names = await opendir(folder).catch(unlessGone);
    if (names === null) return;
    for await (const entry of names) {
      sum.files += 1;
      if (sum.files > filesAtMost || sum.bytes > this.#limitBytes) return;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await this.#add(path, sum);
      else if (entry.isFile()) sum.bytes += 512 * ((await stat(path).catch(unlessGone))?.blocks ?? 0);
    }
  }
}

/** A function removes what it likes while it is looked at, and its folder goes with its worker. */
function unlessGone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw error;
}
