import { chmodSync, chownSync, copyFileSync, linkSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Identity } from './identities.js';

/** So many files are looked after at once; then others have their turn on the server's thread. */
const filesAtOnce = 64;

/**
 * The folder that a confined worker sees as `/function`, made before its version is known: the worker sees what is put there
 * later, while a folder that is mounted later stays hidden from it.
 */
export class Slot {
  readonly folder: string;
  readonly #code: string;

  readonly #identity: Identity;

  constructor(root: string, name: string, identity: Identity) {
    const { uid, gid } = identity;
    this.#identity = identity;
    this.folder = join(root, name);
    this.#code = join(this.folder, 'code');
    for (const folder of ['', 'code', 'etc']) makeFolder(join(this.folder, folder));
    this.put('passwd', `root:x:0:0::/nonexistent:/usr/sbin/nologin\nfunction:x:${uid}:${gid}::/tmp:/bin/sh\n`);
    this.put('group', `root:x:0:\nfunction:x:${gid}:\n`);
    this.put('hosts', '127.0.0.1 localhost\n::1 localhost\n127.0.1.1 function\n');
  }

  /** A file that the worker sees in /etc. */
  put(name: 'passwd' | 'group' | 'hosts' | 'resolv.conf', text: string): void {
    writeFileSync(join(this.folder, 'etc', name), text, { mode: 0o444 });
  }

  /** What a program gets as its environment, as a shell reads it: nobody but the worker's user can. */
  putEnvironment(env: Readonly<Record<string, string>>): void {
    const file = join(this.folder, 'etc', 'environment');
    writeFileSync(file, Object.entries(env).map(exportLine).join(''), { mode: 0o400 });
    if (process.getuid?.() === 0) chownSync(file, this.#identity.uid, this.#identity.gid);
  }

  /** What resolves names for this machine is not in the cell: its settings are, as they are now. */
  shareResolver(): void {
    copyFileSync('/etc/resolv.conf', join(this.folder, 'etc', 'resolv.conf'));
  }

  /** Puts a version's files there, by links where the file system is the same. At once when they are few. */
  fill(version: string): Promise<void> | void {
    const filling = fillFolder(version, this.#code);
    if (filling.next().done !== true) return finish(filling);
  }

  /** The same, all at once. */
  fillNow(version: string): void {
    const filling = fillFolder(version, this.#code);
    while (filling.next().done !== true);
  }

  /** Big ones are deleted beside the work; what fails is swept at the next start. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

function exportLine([name, value]: [string, string]): string {
  return `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`;
}

async function finish(filling: Generator<void>): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (filling.next().done !== true);
}

/** Stops after every so many files. */
function* fillFolder(from: string, to: string): Generator<void> {
  const folders: [from: string, to: string][] = [[from, to]];
  let files = 0;
  for (const [source, target] of folders) {
    for (const entry of readdirSync(source, { withFileTypes: true })) {
      const [file, place] = [join(source, entry.name), join(target, entry.name)];
      if (entry.isDirectory()) {
        makeFolder(place);
        folders.push([file, place]);
      } else if (entry.isFile()) {
        linkOrCopy(file, place);
      }
      files += 1;
      if (files % filesAtOnce === 0) yield;
    }
  }
}

/** Another user may have to read it, whatever the server's umask says. */
function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o755);
}

function linkOrCopy(file: string, place: string): void {
  try {
    linkSync(file, place);
  } catch (error) {
    // Another file system, or as many links as the file system allows.
    if (!['EXDEV', 'EMLINK', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    copyFileSync(file, place);
    chmodSync(place, (statSync(file).mode & 0o111) === 0 ? 0o444 : 0o555);
  }
}
