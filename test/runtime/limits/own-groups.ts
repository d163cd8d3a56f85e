import { readdirSync } from 'node:fs';
import { findOwnCgroups } from '../../../src/runtime/limits/own-cgroups.js';
import { describeLimits } from '../../../src/runtime/limits/open-resource-groups.js';
import { serverName } from '../../../src/runtime/process-group.js';

/** For a test of what only the kernel can hold: the reason to leave it out, or false. */
export const withoutCgroups: string | false = describeLimits().startsWith('cgroup') ? false : describeLimits();

/** Names of the groups of this process's servers, in every tree. */
export function ownGroups(): string[] {
  const { v1, v2 } = findOwnCgroups();
  const folders = [...Object.values(v1), ...(v2 === null ? [] : [v2])];
  return folders.flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.startsWith(`laneway-${serverName()}-`))
      .map(({ name }) => `${folder}/${name}`),
  );
}

/** A server that looks for cgroups with this finds none. */
export const noCgroups = { v1: {}, v2: null };
