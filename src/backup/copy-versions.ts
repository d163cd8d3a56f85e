import { mkdir, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SnapshotFacts } from '../records/sqlite/snapshot.js';
import { isMissing } from '../store/disk-errors.js';
import { pathInside } from '../store/path-inside.js';
import { copyTree, isThere, removeAll } from './copy-files.js';

type Version = SnapshotFacts['versions'][number];

/**
 * Copies the versions that the records know into the backup; files, not links: a function can write into its own folder.
 * Resolves with those that are not there, as half sentences.
 */
export async function copyVersions(
  versions: readonly Version[],
  { storeFolder, into }: { storeFolder: string; into: string },
): Promise<string[]> {
  await mkdir(into, { recursive: true, mode: 0o700 });
  const missing: string[] = [];
  for (const version of versions) {
    if (await copyVersion(version, storeFolder, into)) continue;
    missing.push(`version ${version.version} of ${version.function} in lane ${version.lane}`);
  }
  return missing;
}

/** immutable-version: one that was copied by an earlier try is not copied again. */
async function copyVersion(version: Version, storeFolder: string, into: string): Promise<boolean> {
  const [from, to] = [placeOf(version, storeFolder), placeOf(version, into)];
  if (await isThere(to)) return true;
  const unfinished = join(into, '.unfinished');
  await removeAll(unfinished);
  try {
    const before = await identityOf(from);
    await copyTree(from, unfinished);
    // A deletion moves the folder away first: when it is still there, nothing of it was gone.
    if ((await identityOf(from)) !== before) return false;
  } catch (error) {
    await removeAll(unfinished);
    if (isMissing(error)) return false;
    throw error;
  }
  await mkdir(dirname(to), { recursive: true, mode: 0o755 });
  await rename(unfinished, to);
  return true;
}

function placeOf(version: Version, store: string): string {
  return pathInside(store, version.function, version.lane, version.version);
}

async function identityOf(folder: string): Promise<string> {
  const { dev, ino } = await stat(folder);
  return `${dev}:${ino}`;
}
