import { mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../../errors.js';
import { isOtherLivingServer, serverName } from '../process-group.js';
import { cgroup1Files, cgroup2Files, readText, write, type GroupFolders } from './cgroup-files.js';
import { CgroupGroups } from './cgroup-groups.js';
import { childrenOf, removeCgroup } from './end-cgroup.js';
import { findOwnCgroups, type OwnCgroups } from './own-cgroups.js';
import { RlimitGroups } from './rlimit-groups.js';
import type { ResourceGroups } from './resource-group.js';
import { serverLeaf } from './server-leaf.js';

let opened = 0;

/** The parent groups of a server, or none: `folders` is empty then. */
export interface OpenedGroups {
  readonly groups: ResourceGroups;
  readonly folders: readonly string[];
}

/**
 * The best limits this machine gives: version 2 of cgroups, else version 1, else rlimits. Found out by making a group
 * with limits and removing it. Never throws: the description says why something better can't be had.
 */
export function openResourceGroups(own: OwnCgroups = findOwnCgroups()): OpenedGroups {
  const refusals: string[] = [];
  for (const open of [openVersion2, openVersion1]) {
    try {
      const groups = open(own);
      for (const folder of groups.folders) sweepEmpty(dirname(folder));
      return { groups, folders: groups.folders };
    } catch (error) {
      refusals.push(messageOf(error));
    }
  }
  return { groups: new RlimitGroups(refusals.join('; ')), folders: [] };
}

/** What `openResourceGroups` would come to, in words; nothing stays of it. */
export function describeLimits(): string {
  const { groups } = openResourceGroups();
  groups.close();
  return groups.description;
}

/**
 * Removes what servers left beside this one that were killed and never started again on their folder. Only what is empty:
 * what is in use is ended by the notes of its own folder.
 */
function sweepEmpty(own: string): void {
  for (const folder of childrenOf(own)) {
    const [, server] = /^laneway-([0-9]+-[0-9]+)-[0-9]+$/.exec(basename(folder)) ?? [];
    if (server !== undefined && server !== serverName() && !isOtherLivingServer(server)) removeCgroup(folder);
  }
}

function openVersion1({ v1 }: OwnCgroups): CgroupGroups {
  const { memory, pids, cpu } = v1;
  if (memory === undefined || pids === undefined) throw new Error('cgroup v1 has no memory and pids');
  const name = parentName();
  const inside = (folder: string) => join(folder, name);
  const folders = { memory: inside(memory), pids: inside(pids), cpu: cpu === undefined ? null : inside(cpu) };
  return tryOut(() => new CgroupGroups('cgroup1', cgroup1Files, folders), folders, 'cgroup v1');
}

function openVersion2({ v2 }: OwnCgroups): CgroupGroups {
  if (v2 === null) throw new Error('cgroup v2 is not mounted');
  const own = basename(v2) === serverLeaf ? dirname(v2) : v2;
  const offered = (readText(own, 'cgroup.controllers') ?? '').trim().split(' ');
  const missing = ['memory', 'pids'].filter((controller) => !offered.includes(controller));
  if (missing.length > 0) throw new Error(`cgroup v2 gives no ${missing.join(' and ')} in ${own}`);
  const wanted = ['memory', 'pids', 'cpu'].filter((controller) => offered.includes(controller));
  passDown(own, wanted);
  const parent = join(own, parentName());
  const folders = { memory: parent, pids: parent, cpu: wanted.includes('cpu') ? parent : null };
  return tryOut(
    () => {
      const groups = new CgroupGroups('cgroup2', cgroup2Files, folders);
      enable(parent, wanted);
      return groups;
    },
    folders,
    'cgroup v2',
  );
}

/** Lets groups inside have the controllers. For that no process may be in this one: the server moves, if it is alone there. */
function passDown(own: string, controllers: readonly string[]): void {
  try {
    enable(own, controllers);
    return;
  } catch (error) {
    if ((error as { cause?: NodeJS.ErrnoException }).cause?.code !== 'EBUSY') throw error;
  }
  const others = (readText(own, 'cgroup.procs') ?? '').split('\n').filter((pid) => pid !== '' && Number(pid) !== process.pid);
  if (others.length > 0) {
    throw new Error(
      `cgroup v2 ${own} holds other processes (${others.slice(0, 5).join(', ')}): give the server one of its own, by systemd with Delegate=yes`,
    );
  }
  const leaf = join(own, serverLeaf);
  mkdirSync(leaf, { recursive: true });
  write(leaf, 'cgroup.procs', process.pid);
  enable(own, controllers);
}

function enable(folder: string, controllers: readonly string[]): void {
  const enabled = (readText(folder, 'cgroup.subtree_control') ?? '').trim().split(' ');
  const due = controllers.filter((controller) => !enabled.includes(controller));
  if (due.length > 0) write(folder, 'cgroup.subtree_control', due.map((controller) => `+${controller}`).join(' '));
}

/** With a group inside that gets limits: what is only half there shows at the start, and not at the first run. */
function tryOut(open: () => CgroupGroups, folders: GroupFolders, version: string): CgroupGroups {
  let groups: CgroupGroups | null = null;
  try {
    groups = open();
    groups.open('probe', { memoryBytes: 64 * 1024 * 1024, cpus: folders.cpu === null ? null : 1, processes: 16 }).remove();
    return groups;
  } catch (error) {
    groups?.close();
    throw new Error(`${version}: ${messageOf(error)}`, { cause: error });
  }
}

/** With the server's name, and a number for the servers of one process. */
function parentName(): string {
  opened += 1;
  return `laneway-${serverName()}-${opened}`;
}
