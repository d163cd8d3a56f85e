import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { FTPError, type Client, type FileInfo } from 'basic-ftp';
import type { VersionNumber } from '../contract/records.js';
import type { ResolvedVersion } from '../contract/store.js';
import { LanewayError } from '../errors.js';
import { readPushFacts, type PushFacts } from './artifact.js';
import type { FtpPool } from './ftp-pool.js';
import { downloadHashed, inFolder, listAll, makeFolder, readText, sizeOf, unlessAnswered } from './ftp-steps.js';
import { refuseNames } from './names.js';
import { formatVersion, parseVersion } from './version.js';

/** A zip that is on the FTP server under a name nobody looks at. */
export interface Staged {
  path: string;
  sizeBytes: number;
}

/**
 * The shared store on an FTP server. Lane folders hold finished zips and nothing else, because servers of the older kind
 * read every name there as a version; all that is ours lies under `.laneway`:
 * `tmp` uploads, `numbers` one folder for each number taken, `versions` the JSON of each zip, `deleted` one folder for
 * each version deleted, `changes` one short-lived folder for each change that other servers should notice.
 */
export class FtpMirror {
  readonly #pool: FtpPool;
  readonly #root: string;

  constructor(pool: FtpPool, root: string) {
    this.#pool = pool;
    this.#root = root;
  }

  /** Names of folders at the root, as they are: an older store may hold names that are not allowed here. */
  functions(): Promise<string[]> {
    return this.#listFolders('');
  }

  lanes(functionName: string): Promise<string[]> {
    refuseNames(functionName);
    return this.#listFolders(functionName);
  }

  /** Numbers of the finished zips of a lane; whatever else lies there is passed over. */
  async versions(functionName: string, lane: string): Promise<VersionNumber[]> {
    const files = (await this.#list(lanePath(functionName, lane))).filter((file) => file.isFile && file.name.endsWith('.zip'));
    return parseAll(files.map((file) => file.name.slice(0, -'.zip'.length)));
  }

  /** Numbers that some server has taken, used or not. */
  async numbers(functionName: string, lane: string): Promise<VersionNumber[]> {
    return parseAll(await this.#listFolders(`.laneway/numbers/${lanePath(functionName, lane)}`));
  }

  async deleted(functionName: string, lane: string): Promise<VersionNumber[]> {
    return parseAll(await this.#listFolders(`.laneway/deleted/${lanePath(functionName, lane)}`));
  }

  /** immutable-version: making a folder has one winner; false when the number is somebody else's. */
  async reserve(version: ResolvedVersion): Promise<boolean> {
    const folder = `.laneway/numbers/${versionPath(version)}`;
    return await this.#use(async (client) => {
      if (await makeFolder(client, this.#root + folder)) return true;
      const taken = await listAll(client, this.#root + parentOf(folder));
      if (taken.some((file) => file.name === version.version)) return false;
      throw new LanewayError('store_unavailable', { problem: `the folder ${folder} can not be made` });
    });
  }

  /** A temporary name for an upload, so that it can be removed whatever becomes of it. */
  nameStaged(sizeBytes: number): Staged {
    return { path: `${this.#root}.laneway/tmp/${randomUUID()}.zip`, sizeBytes };
  }

  /** Uploads a zip to its temporary name and makes sure that all of it arrived. */
  async stage(zip: string, { path, sizeBytes }: Staged): Promise<void> {
    await this.#use(async (client) => {
      await inFolder(client, path, () => client.uploadFrom(zip, path));
      const arrived = await client.size(path);
      if (arrived !== sizeBytes) {
        throw new LanewayError('store_unavailable', { problem: `${arrived} of ${sizeBytes} bytes arrived` });
      }
    });
  }

  /** Makes a staged zip the version, its JSON before it; `taken` when there is a zip of that number already. */
  async publish(staged: Staged, version: ResolvedVersion, json: string): Promise<'published' | 'taken'> {
    const place = this.#zipPath(version);
    return await this.#use(async (client) => {
      const [there, stillStaged] = [await sizeOf(client, place), await sizeOf(client, staged.path)];
      // Renaming overwrites in silence. Ours is there when an earlier attempt lost only the answer.
      if (there !== null) return stillStaged === null && there === staged.sizeBytes ? 'published' : 'taken';
      await this.#writeText(client, this.#jsonPath(version), json);
      await inFolder(client, place, () => client.rename(staged.path, place));
      return 'published';
    });
  }

  /**
   * Takes back what a push that failed may have left; rejects when the server can't be asked. While the temporary is there
   * it was never renamed, so a zip in its place is not ours.
   */
  async discard(staged: Staged, version: ResolvedVersion | null): Promise<void> {
    await this.#use(async (client) => {
      const renamed = (await sizeOf(client, staged.path)) === null;
      if (!renamed) await client.remove(staged.path, true);
      else if (version !== null) await client.remove(this.#zipPath(version), true);
      if (version !== null) await client.remove(this.#jsonPath(version), true);
    });
  }

  /** null when there is no JSON beside the zip, as in an older store. */
  async facts(version: ResolvedVersion): Promise<PushFacts | null> {
    const text = await this.#use((client) => readText(client, this.#jsonPath(version)));
    if (text === null) return null;
    const facts = readPushFacts(text);
    if (facts === null)
      throw new LanewayError('bad_artifact', { ...version, problem: 'its JSON in the shared store is damaged' });
    return facts;
  }

  /** Downloads a zip; null when it is not there. Rejects with `zip_too_large` over the limit. */
  async download(version: ResolvedVersion, path: string, limit: number): Promise<{ sha256: string; sizeBytes: number } | null> {
    return await this.#use(async (client) => {
      const place = this.#zipPath(version);
      if ((await sizeOf(client, place)) === null) return null;
      return await downloadHashed(client, place, { path, limit });
    });
  }

  /** Deletes the zip, its deletion marked first so that servers that hold a copy know it from a loss. */
  async remove(version: ResolvedVersion): Promise<void> {
    await this.#use(async (client) => {
      await makeFolder(client, `${this.#root}.laneway/deleted/${versionPath(version)}`);
      for (const path of [this.#zipPath(version), this.#jsonPath(version)]) {
        if ((await sizeOf(client, path)) !== null) await client.remove(path);
      }
    });
  }

  /** Lets servers that share nothing but this store notice a push or deletion. */
  async announce({ function: name, lane, version }: ResolvedVersion, kind: 'push' | 'delete'): Promise<void> {
    await this.#use((client) => makeFolder(client, `${this.#root}.laneway/changes/${[name, lane, version, kind].join('~')}`));
  }

  /** Changes announced in the last minute or so: their names, and what each tells. */
  async changes(): Promise<Map<string, { function: string; lane: string }>> {
    const told = new Map<string, { function: string; lane: string }>();
    for (const change of await this.#listFolders('.laneway/changes')) {
      const [name, lane] = change.split('~');
      if (name !== undefined && lane !== undefined) told.set(change, { function: name, lane });
    }
    return told;
  }

  async forgetChange(change: string): Promise<void> {
    await this.#use((client) => client.sendIgnoringError(`RMD ${this.#root}.laneway/changes/${change}`));
  }

  /** Removes temporaries of pushes that died; a server that can't tell a file's time keeps them. */
  async sweep(olderThanMs: number): Promise<void> {
    for (const file of await this.#list('.laneway/tmp')) {
      if (!file.isFile || !/^[0-9a-f-]{36}\.zip$/.test(file.name)) continue;
      const path = `${this.#root}.laneway/tmp/${file.name}`;
      await this.#use(async (client) => {
        const changed = await client.lastMod(path).catch(unlessAnswered(null));
        if (changed !== null && Date.now() - changed.getTime() > olderThanMs) await client.remove(path, true);
      });
    }
  }

  /** Rejects when the server does not answer or nothing can be written there now. */
  async check(): Promise<void> {
    await this.#use(async (client) => {
      const folder = `${this.#root}.laneway/tmp/${randomUUID()}`;
      if (!(await makeFolder(client, folder))) throw new LanewayError('store_unavailable', { problem: 'nothing can be written' });
      await client.removeEmptyDir(folder);
    });
  }

  close(): void {
    this.#pool.close();
  }

  #zipPath(version: ResolvedVersion): string {
    return `${this.#root}${versionPath(version)}.zip`;
  }

  #jsonPath(version: ResolvedVersion): string {
    return `${this.#root}.laneway/versions/${versionPath(version)}.json`;
  }

  async #listFolders(path: string): Promise<string[]> {
    const found = await this.#list(path);
    return found.filter((file) => file.isDirectory && !file.name.startsWith('.')).map((file) => file.name);
  }

  #list(path: string): Promise<FileInfo[]> {
    return this.#use((client) => listAll(client, this.#root + path));
  }

  async #writeText(client: Client, path: string, text: string): Promise<void> {
    await inFolder(client, path, () => client.uploadFrom(Readable.from([Buffer.from(text)]), path));
  }

  /** An answer of the server that no step expected is a store that does not do what it should. */
  async #use<Result>(task: (client: Client) => Promise<Result>): Promise<Result> {
    try {
      return await this.#pool.use(task);
    } catch (error) {
      if (!(error instanceof FTPError)) throw error;
      if (error.code === 452 || error.code === 552) throw new LanewayError('store_full', {}, { cause: error });
      throw new LanewayError('store_unavailable', { problem: error.message }, { cause: error });
    }
  }
}

/** Names are checked again here, where they become a path. */
function lanePath(functionName: string, lane: string): string {
  refuseNames(functionName, lane);
  return `${functionName}/${lane}`;
}

function versionPath({ function: name, lane, version }: ResolvedVersion): string {
  if (parseVersion(version) === null) throw new LanewayError('version_invalid', { value: version });
  return `${lanePath(name, lane)}/${version}`;
}

function parseAll(names: readonly string[]): VersionNumber[] {
  return names.map(parseVersion).filter((version) => version !== null && formatVersion(version) !== '0.0') as VersionNumber[];
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
