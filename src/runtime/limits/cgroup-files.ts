import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../errors.js';
import type { ResourceLimits } from './resource-group.js';

/** The folders of one group: in version 1 each controller has a tree of its own, in version 2 there is one for all. */
export interface GroupFolders {
  readonly memory: string;
  readonly pids: string;
  readonly cpu: string | null;
}

/** What the two versions of cgroups call the same things. */
export interface CgroupFiles {
  writeMemory(folder: string, bytes: number): void;
  writeCpus(folder: string, cpus: number | null): void;
  /** Of the processor, beside those of a plain process with 1024. */
  writeShares(folder: string, shares: number): void;
  readonly memoryNow: string;
  readonly memoryPeak: string;
  /** Has a line `oom_kill <times>`. */
  readonly memoryEvents: string;
}

const periodUs = 100_000;
const leastQuotaUs = 1000;

export const cgroup1Files: CgroupFiles = {
  writeMemory(folder, bytes) {
    // With swap the total may never be below the memory: which one goes first depends on where it was before.
    const raisesFirst = tryWrite(folder, 'memory.memsw.limit_in_bytes', bytes);
    write(folder, 'memory.limit_in_bytes', bytes);
    if (!raisesFirst) tryWrite(folder, 'memory.memsw.limit_in_bytes', bytes);
  },
  writeCpus(folder, cpus) {
    write(folder, 'cpu.cfs_quota_us', cpus === null ? -1 : quotaOf(cpus));
  },
  writeShares(folder, shares) {
    write(folder, 'cpu.shares', shares);
  },
  memoryNow: 'memory.usage_in_bytes',
  memoryPeak: 'memory.max_usage_in_bytes',
  memoryEvents: 'memory.oom_control',
};

export const cgroup2Files: CgroupFiles = {
  writeMemory(folder, bytes) {
    write(folder, 'memory.max', bytes);
    tryWrite(folder, 'memory.swap.max', 0);
    // The worker is not used again after one of its processes was ended: so all of them are, at once.
    tryWrite(folder, 'memory.oom.group', 1);
  },
  writeCpus(folder, cpus) {
    write(folder, 'cpu.max', `${cpus === null ? 'max' : quotaOf(cpus)} ${periodUs}`);
  },
  writeShares(folder, shares) {
    write(folder, 'cpu.weight', Math.min(10_000, Math.max(1, Math.round((shares * 100) / 1024))));
  },
  memoryNow: 'memory.current',
  memoryPeak: 'memory.peak',
  memoryEvents: 'memory.events',
};

/** Throws with the file in words when the kernel refuses a limit. */
export function writeLimits(files: CgroupFiles, folders: GroupFolders, limits: ResourceLimits): void {
  files.writeMemory(folders.memory, limits.memoryBytes);
  write(folders.pids, 'pids.max', limits.processes ?? 'max');
  if (folders.cpu !== null) files.writeCpus(folders.cpu, limits.cpus);
}

/** null when there is no such file. */
export function readNumber(folder: string, file: string): number | null {
  const text = readText(folder, file);
  return text === null ? null : Number.parseInt(text, 10);
}

/** The number in the line that begins with the word; 0 when there is none. */
export function readCount(folder: string, file: string, word: string): number {
  const text = readText(folder, file) ?? '';
  return Number(new RegExp(`^${word} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

export function write(folder: string, file: string, value: string | number): void {
  try {
    writeFileSync(join(folder, file), String(value));
  } catch (error) {
    throw new Error(`${join(folder, file)} takes no ${value}: ${messageOf(error)}`, { cause: error });
  }
}

/** For what not every kernel has; false when it was not taken. */
export function tryWrite(folder: string, file: string, value: string | number): boolean {
  try {
    writeFileSync(join(folder, file), String(value));
    return true;
  } catch {
    return false;
  }
}

export function readText(folder: string, file: string): string | null {
  try {
    return readFileSync(join(folder, file), 'utf8');
  } catch {
    return null;
  }
}

function quotaOf(cpus: number): number {
  return Math.max(leastQuotaUs, Math.round(cpus * periodUs));
}
