import { readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { databaseFile, payloadFolder } from '../records/sqlite/places.js';
import { readSnapshot, takeSnapshot, type SnapshotFacts } from '../records/sqlite/snapshot.js';
import { syncPath, syncTree } from '../store/sync-tree.js';
import { keyFiles, manifestFile, storeInBackup, type BackupManifest } from './backup-manifest.js';
import { copyOne, countFiles, hashFile, isThere, removeAll } from './copy-files.js';
import { copyPayloads } from './copy-payloads.js';
import { copyVersions } from './copy-versions.js';
import { HeldPayloads } from './hold-payloads.js';
import { makeOwnFolder } from './own-folders.js';

export interface BackupOptions {
  dataFolder: string;
  /** null leaves the versions out. */
  store: { folder: string; /** An FTP server has what this disk may lack. */ isCache: boolean } | null;
  /** The folder to make. */
  target: string;
}

/** Between two copies of the records a run may end, or a version be deleted, whose files are then gone. */
const triesAtMost = 5;

/**
 * Backs embedded records up while a server uses them, with payload files, keys and versions. The target appears by one
 * rename when it is complete and durable.
 */
export async function makeBackup(options: BackupOptions): Promise<BackupManifest> {
  const { dataFolder, target } = options;
  await refuseTarget(options);
  await mkdir(dirname(target), { recursive: true });
  const folder = await makeOwnFolder(dirname(target));
  try {
    const held = await HeldPayloads.in(dataFolder);
    try {
      const manifest = await fill(folder, held, options);
      await makeDurable(folder);
      await rename(folder, target);
      await syncPath(dirname(target));
      return manifest;
    } finally {
      await held.release();
    }
  } catch (error) {
    await removeAll(folder);
    throw error;
  }
}

async function refuseTarget({ dataFolder, store, target }: BackupOptions): Promise<void> {
  if (!(await isThere(join(dataFolder, databaseFile)))) {
    throw new Error(`there are no records in ${dataFolder}: LANEWAY_DATA says which folder is backed up`);
  }
  if (await isThere(target)) throw new Error(`${target} is there already: a backup is a new folder`);
  const around = [dataFolder, ...(store === null ? [] : [store.folder])].find((folder) => isInside(target, folder));
  if (around !== undefined) throw new Error(`${target} lies inside ${around}: it would be lost together with it`);
}

function isInside(path: string, folder: string): boolean {
  const [first] = relative(folder, path).split(sep);
  return first !== '..';
}

async function fill(folder: string, held: HeldPayloads, options: BackupOptions): Promise<BackupManifest> {
  const keys = await copyKeys(options.dataFolder, folder);
  const { facts, madeAt, versions } = await takeWhole(folder, held, options);
  const database = join(folder, databaseFile);
  const store = join(folder, storeInBackup);
  const manifest: BackupManifest = {
    format: 1,
    laneway: releaseOf(),
    installation_id: facts.installationId,
    made_at: madeAt,
    database: { bytes: (await stat(database)).size, sha256: await hashFile(database) },
    runs: facts.runs,
    payloads: await countFiles(join(folder, payloadFolder)),
    store: options.store === null ? null : { versions, functions: await readdir(store), ...(await countFiles(store)) },
    keys,
  };
  await writeFile(join(folder, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return manifest;
}

async function copyKeys(dataFolder: string, folder: string): Promise<string[]> {
  const copied: string[] = [];
  for (const name of keyFiles) {
    if (!(await isThere(join(dataFolder, name)))) continue;
    await copyOne(join(dataFolder, name), join(folder, name));
    await chmod(join(folder, name), 0o600);
    copied.push(name);
  }
  return copied;
}

/** A copy of the records together with every file it refers to. */
async function takeWhole(
  folder: string,
  held: HeldPayloads,
  { dataFolder, store }: BackupOptions,
): Promise<{ facts: SnapshotFacts; madeAt: string; versions: number }> {
  const database = join(folder, databaseFile);
  for (let tries = 1; ; tries += 1) {
    await removeAll(database);
    const madeAt = new Date().toISOString();
    const facts = await held.during(async () => {
      await takeSnapshot(dataFolder, database);
      return readSnapshot(database);
    });
    const missing = await copyPayloads(facts.payloads, { dataFolder, held: held.folder, backup: folder });
    const absent =
      store === null ? [] : await copyVersions(facts.versions, { storeFolder: store.folder, into: join(folder, storeInBackup) });
    if (store?.isCache === false) missing.push(...absent);
    if (missing.length === 0) return { facts, madeAt, versions: facts.versions.length - absent.length };
    if (tries === triesAtMost) throw new Error(explainMissing(missing));
  }
}

function explainMissing(missing: readonly string[]): string {
  const rest = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  return `the records refer to what is not there, in ${triesAtMost} tries: ${missing.slice(0, 3).join(', ')}${rest}`;
}

async function makeDurable(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  await syncTree(
    folder,
    entries.filter((entry) => entry.isFile() || entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name)),
  );
  await syncPath(folder);
}

function releaseOf(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
