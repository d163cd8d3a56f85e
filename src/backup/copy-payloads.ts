import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { payloadFolder } from '../records/sqlite/places.js';
import type { SnapshotFacts } from '../records/sqlite/snapshot.js';
import { isMissing } from '../store/disk-errors.js';
import { FewAtOnce } from '../store/few-at-once.js';
import { pathInside } from '../store/path-inside.js';
import { isThere, linkOrCopy } from './copy-files.js';

/**
 * Puts the files that the records refer to into the backup, and takes out what an earlier try put there for nothing.
 * Resolves with what is missing, as half sentences.
 */
export async function copyPayloads(
  payloads: SnapshotFacts['payloads'],
  { dataFolder, held, backup }: { dataFolder: string; held: string; backup: string },
): Promise<string[]> {
  const into = join(backup, payloadFolder);
  await mkdir(into, { recursive: true, mode: 0o700 });
  await removeOthers(into, new Set(payloads.map(({ file }) => file)));
  const missing: string[] = [];
  const copies = new FewAtOnce(8);
  for (const { runId, file } of payloads) {
    await copies.add(async () => {
      const from = [held, join(dataFolder, payloadFolder)];
      if (!(await takeFromFirst(from, into, file))) missing.push(`the file ${file} of run ${runId}`);
    });
  }
  await copies.finish();
  return missing;
}

async function removeOthers(folder: string, needed: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) if (!needed.has(name)) await rm(pathInside(folder, name));
}

async function takeFromFirst(folders: readonly string[], into: string, file: string): Promise<boolean> {
  const target = pathInside(into, file);
  if (await isThere(target)) return true;
  for (const folder of folders) {
    try {
      await linkOrCopy(pathInside(folder, file), target);
      return true;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return false;
}
