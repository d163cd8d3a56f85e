import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readCount, readNumber, write, writeLimits, type CgroupFiles, type GroupFolders } from './cgroup-files.js';
import { killInCgroup, pidsIn, removeCgroup } from './end-cgroup.js';
import type { ExceededLimit, ResourceGroup, ResourceLimits } from './resource-group.js';

/** Of one worker beside the others. */
const usualShares = 1024;
const yieldingShares = 64;
const megabyte = 1024 * 1024;
/** What a runtime may hold before a function is in it; more than that is not given for nothing. */
const baselineAtMost = 128 * megabyte;

/** The limits of one worker, held by the kernel. The wall is hard: what goes beyond it does not get the memory. */
export class CgroupGroup implements ResourceGroup {
  readonly entrances: readonly string[];
  readonly #files: CgroupFiles;
  readonly #folders: GroupFolders;
  readonly #onBusy: (folders: readonly string[]) => void;
  /**
   * In version 1 only for who has a limit of the processor: the scheduler is slower to wake what is in a group of its own.
   * In version 2 the group is there anyway.
   */
  #cpu: string | null;
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
    this.#cpu = folders.cpu === folders.memory || more.limits.cpus !== null ? folders.cpu : null;
    this.entrances = this.#all().map((folder) => join(folder, 'cgroup.procs'));
    try {
      for (const folder of this.#all()) mkdirSync(folder);
      writeLimits(files, { ...folders, cpu: this.#cpu }, more.limits);
    } catch (error) {
      for (const folder of this.#all()) removeCgroup(folder);
      throw error;
    }
  }

  add(pid: number): void {
    for (const folder of this.#all()) write(folder, 'cgroup.procs', pid);
  }

  limit(limits: ResourceLimits, lateThreads = 0): void {
    this.#baseline = Math.min(this.memoryBytes() ?? 0, baselineAtMost);
    this.#limits = limits;
    const processes = limits.processes === null ? null : limits.processes + this.#tasks() + lateThreads;
    if (limits.cpus !== null) this.#enterCpu();
    writeLimits(
      this.#files,
      { ...this.#folders, cpu: this.#cpu },
      { ...limits, memoryBytes: limits.memoryBytes + this.#baseline, processes },
    );
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

  yieldCpu(yields: boolean): void {
    if (this.#cpu === null) return;
    try {
      this.#files.writeShares(this.#cpu, yields ? yieldingShares : usualShares);
    } catch {
      // It has just gone; and whom it stood beside, nobody knows any more.
    }
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

  #enterCpu(): void {
    const { cpu, pids } = this.#folders;
    if (cpu === null || this.#cpu !== null) return;
    mkdirSync(cpu);
    this.#cpu = cpu;
    for (const pid of pidsIn(pids)) write(cpu, 'cgroup.procs', pid);
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
    return [...new Set([this.#folders.memory, this.#folders.pids, this.#cpu].filter((folder) => folder !== null))];
  }
}
