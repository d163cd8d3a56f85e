import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFolder } from '../records/sqlite/folder-lock.js';
import { databaseFile, payloadFolder, unfinishedRestoreFile } from '../records/sqlite/places.js';
import { findDamage, readSnapshot } from '../records/sqlite/snapshot.js';
import { unlessMissing } from '../store/disk-errors.js';
import { pathInside } from '../store/path-inside.js';
import { syncPath, syncTree } from '../store/sync-tree.js';
import { keyFiles, readManifest, storeInBackup, type BackupManifest, type FileCount } from './backup-manifest.js';
import { copyOne, copyTree, countFiles, hashFile, isThere, removeAll } from './copy-files.js';

export interface RestoreOptions {
  backup: string;
  dataFolder: string;
  storeFolder: string;
}

/** What a restore has begun to put in place, so that the next one can take it away again. */
interface Unfinished {
  store: string;
  functions: string[];
}

const databaseInProgress = `${databaseFile}.restoring`;

/**
 * Puts a backup in place so that a server goes on from it. Refuses folders that hold an installation or that a server
 * uses. The records come last and a mark stands as long as anything is missing, so that nothing half is ever started.
 */
export async function restoreBackup(options: RestoreOptions): Promise<BackupManifest> {
  const manifest = await readManifest(options.backup);
  await mkdir(options.dataFolder, { recursive: true, mode: 0o700 });
  const lock = lockFolder(options.dataFolder);
  try {
    await takeAwayUnfinished(options.dataFolder);
    await refuseOccupied(manifest, options);
    await restoreUnderMark(manifest, options);
    return manifest;
  } finally {
    lock.release();
  }
}

async function restoreUnderMark(manifest: BackupManifest, options: RestoreOptions): Promise<void> {
  const { dataFolder } = options;
  await writeMark(manifest, options);
  try {
    await putInPlace(manifest, options);
  } catch (error) {
    await takeAwayUnfinished(dataFolder).catch(() => {});
    throw error;
  }
  await rename(join(dataFolder, databaseInProgress), join(dataFolder, databaseFile));
  await syncPath(dataFolder);
  await rm(join(dataFolder, unfinishedRestoreFile));
  await syncPath(dataFolder);
}

async function refuseOccupied({ store }: BackupManifest, { dataFolder, storeFolder }: RestoreOptions): Promise<void> {
  for (const name of [databaseFile, payloadFolder, ...keyFiles]) {
    if (!(await isThere(join(dataFolder, name)))) continue;
    throw new Error(`${dataFolder} holds an installation (${name}): restore into an empty folder, or move that one away`);
  }
  for (const name of store === null ? [] : await unlessMissing(readdir(storeFolder), [])) {
    if (name.startsWith('.')) continue;
    throw new Error(`${storeFolder} holds functions (${name}): restore into an empty folder, or move those away`);
  }
}

/** Names alone come from the backup: each is checked where it becomes a path. */
async function writeMark({ store }: BackupManifest, { dataFolder, storeFolder }: RestoreOptions): Promise<void> {
  const unfinished: Unfinished = { store: storeFolder, functions: store?.functions ?? [] };
  const mark = join(dataFolder, unfinishedRestoreFile);
  await writeFile(`${mark}.tmp`, JSON.stringify(unfinished), { mode: 0o600 });
  await syncPath(`${mark}.tmp`);
  await rename(`${mark}.tmp`, mark);
  await syncPath(dataFolder);
}

async function takeAwayUnfinished(dataFolder: string): Promise<void> {
  const mark = join(dataFolder, unfinishedRestoreFile);
  const text = await unlessMissing(readFile(mark, 'utf8'), null);
  if (text === null) return;
  const { store, functions } = JSON.parse(text) as Unfinished;
  for (const name of functions) await removeAll(pathInside(store, name));
  for (const name of [databaseFile, databaseInProgress, payloadFolder, ...keyFiles]) await removeAll(join(dataFolder, name));
  await syncPath(dataFolder);
  await rm(mark);
}

async function putInPlace(manifest: BackupManifest, { backup, dataFolder, storeFolder }: RestoreOptions): Promise<void> {
  const database = join(dataFolder, databaseInProgress);
  await copyPrivately(join(backup, databaseFile), database);
  await checkDatabase(database, manifest);
  await copyPayloadsBack(join(backup, payloadFolder), join(dataFolder, payloadFolder));
  await checkFiles(database, join(dataFolder, payloadFolder), manifest.payloads);
  for (const name of manifest.keys) {
    if (keyFiles.includes(name)) await copyPrivately(join(backup, name), join(dataFolder, name));
  }
  if (manifest.store !== null) await restoreStore(manifest.store, join(backup, storeInBackup), storeFolder);
  await makeDurable(dataFolder, [databaseInProgress, payloadFolder, ...manifest.keys]);
}

async function checkDatabase(database: string, manifest: BackupManifest): Promise<void> {
  if ((await hashFile(database)) !== manifest.database.sha256) {
    throw new Error('the backup is damaged: its records do not have the checksum that was noted');
  }
  const damage = findDamage(database);
  if (damage !== null) throw new Error(`the backup is damaged: ${damage}`);
}

async function copyPayloadsBack(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  for (const name of await readdir(from)) await copyPrivately(pathInside(from, name), pathInside(to, name));
}

async function checkFiles(database: string, folder: string, noted: FileCount): Promise<void> {
  const there = new Set(await readdir(folder));
  const missing = readSnapshot(database).payloads.find(({ file }) => !there.has(file));
  if (missing !== undefined)
    throw new Error(`the backup is damaged: the file ${missing.file} of run ${missing.runId} is missing`);
  refuseOtherCount('payload files', await countFiles(folder), noted);
}

function refuseOtherCount(what: string, found: FileCount, noted: FileCount): void {
  if (found.files === noted.files && found.bytes === noted.bytes) return;
  throw new Error(
    `the backup is damaged: it has ${found.files} ${what} of ${found.bytes} bytes, noted are ${noted.files} of ${noted.bytes}`,
  );
}

async function restoreStore(noted: NonNullable<BackupManifest['store']>, from: string, to: string): Promise<void> {
  refuseOtherCount('files of versions', await countFiles(from), noted);
  await mkdir(to, { recursive: true, mode: 0o755 });
  for (const name of noted.functions) await copyTree(pathInside(from, name), pathInside(to, name));
  await makeDurable(to, noted.functions);
}

async function makeDurable(folder: string, names: readonly string[]): Promise<void> {
  const paths: string[] = [];
  for (const name of names) {
    const path = pathInside(folder, name);
    const entries = await unlessMissing(readdir(path, { withFileTypes: true, recursive: true }), []);
    paths.push(path, ...entries.map((entry) => join(entry.parentPath, entry.name)));
  }
  await syncTree(folder, paths);
  await syncPath(folder);
}

async function copyPrivately(from: string, to: string): Promise<void> {
  await copyOne(from, to);
  await chmod(to, 0o600);
}
