import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, readFile, rename, rmdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import type { DeployedVersion } from '../contract/executor.js';
import type { ResolvedVersion } from '../contract/store.js';
import { LanewayError } from '../errors.js';
import { readArtifact, writeArtifact, type Artifact } from './artifact.js';
import { isMissing, unlessMissing } from './disk-errors.js';
import { isFunctionName, isLaneName, refuseNames } from './names.js';
import { pathInside } from './path-inside.js';
import { syncPath } from './sync-tree.js';
import { parseVersion } from './version.js';
import { makeWorkspace, sweepWorkspaces, type Workspace } from './workspace.js';

/**
 * `<folder>/<function>/<lane>/<version>/` with `artifact.zip`, `artifact.json` and the unpacked `files/`. A version folder
 * appears by one rename when it is complete and goes by one rename, so whatever is seen there is whole.
 */
export class DiskStore {
  readonly #folder: string;
  readonly #tmp: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#tmp = pathInside(folder, '.laneway', 'tmp');
  }

  /** Makes the folders and removes what a killed process left. */
  async open(): Promise<void> {
    await sweepWorkspaces(this.#tmp);
  }

  makeWorkspace(): Promise<Workspace> {
    return makeWorkspace(this.#tmp);
  }

  /** Every version here, by folder names alone; whatever has no name of ours is passed over. */
  async scan(): Promise<ResolvedVersion[]> {
    const found: ResolvedVersion[] = [];
    const names = (await listFolders(this.#folder)).filter(isFunctionName).values();
    const walk = async () => {
      for (const name of names) found.push(...(await this.#versionsOf(name)));
    };
    await Promise.all(Array.from({ length: foldersReadAtOnce }, walk));
    return found;
  }

  /** null when the version is not on this disk; rejects with `bad_artifact` when it is there and damaged. */
  async read(version: ResolvedVersion): Promise<Artifact | null> {
    const text = await unlessMissing(readFile(pathInside(this.#place(version), 'artifact.json'), 'utf8'), null);
    if (text === null) return null;
    const artifact = readArtifact(text);
    if (artifact === null) throw new LanewayError('bad_artifact', { ...version, problem: 'its artifact.json can not be read' });
    return artifact;
  }

  describe(version: ResolvedVersion, { manifest, entry, files }: Artifact): DeployedVersion {
    const { function: name, lane, version: number } = version;
    const folder = pathInside(this.#place(version), 'files');
    return { function: name, lane, version: number, key: `${name}/${lane}/${number}`, folder, manifest, entry, files };
  }

  readZip(version: ResolvedVersion): Readable {
    return createReadStream(this.zipPath(version));
  }

  zipPath(version: ResolvedVersion): string {
    return pathInside(this.#place(version), 'artifact.zip');
  }

  /** immutable-version: the complete workspace becomes the version in one rename; false when the version is there already. */
  async place(workspace: Workspace, version: ResolvedVersion, artifact: Artifact): Promise<boolean> {
    await writeDurably(pathInside(workspace.folder, 'artifact.json'), writeArtifact(artifact));
    await syncPath(workspace.folder);
    const place = this.#place(version);
    const moved = await moveInto(workspace.folder, place);
    await syncPath(dirname(place));
    return moved;
  }

  /** The same files under another version, without copying bytes: files of a version never change. */
  async linkInto(workspace: Workspace, from: ResolvedVersion): Promise<void> {
    const place = this.#place(from);
    await linkOrCopy(pathInside(place, 'artifact.zip'), workspace.zip);
    await linkTree(pathInside(place, 'files'), workspace.files);
  }

  /** Takes the version away in one rename and then its files; nothing happens when it is not here. */
  async remove(version: ResolvedVersion): Promise<void> {
    const place = this.#place(version);
    const workspace = await this.makeWorkspace();
    try {
      await unlessMissing(rename(place, workspace.files), undefined);
      await removeEmptyFolders(dirname(place), this.#folder);
    } finally {
      await workspace.dispose();
    }
  }

  /** Rejects when nothing can be written now. */
  async check(): Promise<void> {
    const workspace = await this.makeWorkspace();
    try {
      await writeFile(workspace.zip, 'x');
    } finally {
      await workspace.dispose();
    }
  }

  async #versionsOf(name: string): Promise<ResolvedVersion[]> {
    const lanes = (await listFolders(pathInside(this.#folder, name))).filter(isLaneName);
    const listed = await Promise.all(lanes.map((lane) => listFolders(pathInside(this.#folder, name, lane))));
    return lanes.flatMap((lane, index) =>
      listed[index]!.filter((version) => parseVersion(version) !== null).map((version) => ({ function: name, lane, version })),
    );
  }

  /** Names are checked again here, where they become a path. */
  #place({ function: name, lane, version }: ResolvedVersion): string {
    refuseNames(name, lane);
    if (parseVersion(version) === null) throw new LanewayError('version_invalid', { value: version });
    return pathInside(this.#folder, name, lane, version);
  }
}

/** More than the disk is asked for at a time, so that it never waits to be asked. */
const foldersReadAtOnce = 16;

async function listFolders(path: string): Promise<string[]> {
  const found = await unlessMissing(readdir(path, { withFileTypes: true }), []);
  return found.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o444);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** A removal beside it may take the parent away in between: then it is made again. */
async function moveInto(from: string, to: string): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    await mkdir(dirname(to), { recursive: true, mode: 0o755 });
    try {
      await rename(from, to);
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')) return false;
      if (!isMissing(error) || attempt === 10) throw error;
    }
  }
}

async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o755 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [pathInside(from, entry.name), pathInside(to, entry.name)];
    await (entry.isDirectory() ? linkTree(source, target) : linkOrCopy(source, target));
  }
}

/** Not every disk has hard links, and those that have limit them. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}

/** From a lane up to the store; the first that is not empty ends it. */
async function removeEmptyFolders(from: string, end: string): Promise<void> {
  for (let folder = from; folder !== end; folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch {
      return;
    }
  }
}
