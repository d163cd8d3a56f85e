import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readCount, readNumber, write, writeLimits, type CgroupFiles, type GroupFolders } from './cgroup-files.js';
import { killInCgroup, removeCgroup } from './end-cgroup.js';
import type { ExceededLimit, ResourceGroup, ResourceLimits } from './resource-group.js';

const megabyte = 1024 * 1024;
/** What a runtime may hold before a function is in it; more than that is not given for nothing. */
const baselineAtMost = 128 * megabyte;

/** The limits of one worker, held by the kernel. The wall is hard: what goes beyond it does not get the memory. */
export class CgroupGroup implements ResourceGroup {
  readonly entrances: readonly string[];
  readonly #files: CgroupFiles;
  readonly #folders: GroupFolders;
  readonly #onBusy: (folders: readonly string[]) => void;
  #limits: ResourceLimits;
  #baseline = 0;

  /** Makes the folders. Throws when the kernel refuses, and leaves nothing behind then. */
  constructor(
    files: CgroupFiles,
    folders: GroupFolders,
    more: { limits: ResourceLimits; onBusy: (folders: readonly string[]) => void },
  ) {
    this.#files = files;
    this.#folders = folders;
    this.#onBusy = more.onBusy;
    this.#limits = more.limits;
    this.entrances = this.#all().map((folder) => join(folder, 'cgroup.procs'));
    try {
      for (const folder of this.#all()) mkdirSync(folder);
      writeLimits(files, folders, more.limits);
    } catch (error) {
      for (const folder of this.#all()) removeCgroup(folder);
      throw error;
    }
  }

  add(pid: number): void {
    for (const folder of this.#all()) write(folder, 'cgroup.procs', pid);
  }

  limit(limits: ResourceLimits): void {
    this.#baseline = Math.min(this.memoryBytes() ?? 0, baselineAtMost);
    this.#limits = limits;
    const processes = limits.processes === null ? null : limits.processes + this.#tasks();
    writeLimits(this.#files, this.#folders, { ...limits, memoryBytes: limits.memoryBytes + this.#baseline, processes });
  }

  exceeded(): ExceededLimit | null {
    if (readCount(this.#folders.memory, this.#files.memoryEvents, 'oom_kill') > 0) {
      return { reason: 'out_of_memory', message: this.#describeMemory() };
    }
    if (readCount(this.#folders.pids, 'pids.events', 'max') > 0) {
      return { reason: 'too_many_processes', message: `it had all of its ${this.#limits.processes} processes and threads` };
    }
    return null;
  }

  memoryBytes(): number | null {
    return readNumber(this.#folders.memory, this.#files.memoryNow);
  }

  kill(): void {
    killInCgroup(this.#folders.pids);
  }

  remove(): void {
    const busy = this.#all().filter((folder) => !removeCgroup(folder));
    if (busy.length > 0) this.#onBusy(busy);
  }

  /** The kernel stops it at the limit: what it asked for beyond that is not known. */
  #describeMemory(): string {
    const limit = this.#limits.memoryBytes;
    const peak = (readNumber(this.#folders.memory, this.#files.memoryPeak) ?? 0) - this.#baseline;
    return `${Math.ceil(Math.max(peak, limit) / megabyte)} MB of ${Math.floor(limit / megabyte)} MB`;
  }

  #tasks(): number {
    return readNumber(this.#folders.pids, 'pids.current') ?? 0;
  }

  #all(): string[] {
    return [...new Set([this.#folders.memory, this.#folders.pids, this.#folders.cpu].filter((folder) => folder !== null))];
  }
}
