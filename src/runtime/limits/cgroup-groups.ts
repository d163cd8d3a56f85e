import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../errors.js';
import { CgroupGroup } from './cgroup-group.js';
import type { CgroupFiles, GroupFolders } from './cgroup-files.js';
import { killInCgroup, removeCgroup } from './end-cgroup.js';
import type { ResourceGroup, ResourceGroups, ResourceLimits } from './resource-group.js';

/**
 * Of all workers together: on each core as much as one plain process such as the server, however many they are. Less would
 * slow warm calls down beside anything else on the machine.
 */
const workersShares = 1024 * availableParallelism();
const tryAgainMs = 1000;

/** A parent group for a server with one group for each of its workers. */
export class CgroupGroups implements ResourceGroups {
  readonly how: 'cgroup1' | 'cgroup2';
  readonly description: string;
  readonly limitsCpu: boolean;
  readonly #files: CgroupFiles;
  readonly #parents: GroupFolders;
  readonly #busy = new Set<string>();
  #again: NodeJS.Timeout | null = null;

  /** Throws when a group can't be had; what was made by then is removed. */
  constructor(how: 'cgroup1' | 'cgroup2', files: CgroupFiles, parents: GroupFolders) {
    this.how = how;
    this.#files = files;
    this.#parents = parents;
    this.limitsCpu = parents.cpu !== null;
    this.description = `cgroup ${how === 'cgroup1' ? 'v1' : 'v2'} (${['memory', 'pids', ...(this.limitsCpu ? ['cpu'] : [])].join(', ')})`;
    try {
      for (const folder of this.folders) mkdirSync(folder);
      if (parents.cpu !== null) files.writeShares(parents.cpu, workersShares);
    } catch (error) {
      this.close();
      throw new Error(messageOf(error), { cause: error });
    }
  }

  /** Those of the server, for a later one to find what is left. */
  get folders(): string[] {
    return [...new Set(Object.values(this.#parents) as (string | null)[])].filter((folder) => folder !== null);
  }

  open(name: string, limits: ResourceLimits): ResourceGroup {
    const { memory, pids, cpu } = this.#parents;
    const folders = { memory: join(memory, name), pids: join(pids, name), cpu: cpu === null ? null : join(cpu, name) };
    return new CgroupGroup(this.#files, folders, { limits, onBusy: (busy) => this.#removeLater(busy) });
  }

  close(): void {
    if (this.#again !== null) clearTimeout(this.#again);
    this.#again = null;
    for (const folder of this.folders) {
      if (removeCgroup(folder)) continue;
      killInCgroup(folder);
      removeCgroup(folder);
    }
  }

  /** A process that was killed takes a moment to leave. */
  #removeLater(folders: readonly string[]): void {
    for (const folder of folders) this.#busy.add(folder);
    this.#again ??= setTimeout(() => this.#removeBusy(), tryAgainMs).unref();
  }

  #removeBusy(): void {
    this.#again = null;
    for (const folder of this.#busy) if (removeCgroup(folder)) this.#busy.delete(folder);
    if (this.#busy.size > 0) this.#removeLater([]);
  }
}
