import { lstat, readFile, readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import AdmZip from 'adm-zip';
import { CommandError, exitCode } from './exit-code.js';
import { defaultIgnores, readIgnoreRules } from './ignore-rules.js';

export interface PackedFolder {
  zip: Buffer<ArrayBuffer>;
  files: number;
}

type Ignores = ReturnType<typeof readIgnoreRules>;
interface FoundFile {
  path: string;
  executable: boolean;
}

/** Larger ones need a zip format that not every reader has. */
const mostFiles = 65_535;
const mostBytes = 2 ** 31 - 1;

/**
 * Zips a folder: the same files give the same bytes, whenever and by whomever it is packed. Execute bits are kept, what
 * `.lanewayignore` and the defaults name is left out, links and devices are refused. `leaveOut` is the zip to be written.
 */
export async function packFolder(folder: string, leaveOut: string | null): Promise<PackedFolder> {
  await requireFolder(folder);
  const files = await findFiles({ folder, ignores: await readIgnores(folder), leaveOut: leaveOut && resolve(leaveOut) }, '');
  if (files.length === 0) throw new CommandError(exitCode.failed, `there is nothing to pack in ${folder}`);
  if (files.length > mostFiles) throw tooMuch(`${files.length} files, which is more than ${mostFiles}`);
  const zip = new AdmZip(undefined, { noSort: true });
  let bytes = 0;
  for (const { path, executable } of files.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const content = await readFile(join(folder, path));
    bytes += content.length;
    if (bytes > mostBytes) throw tooMuch('more than 2 GiB');
    const entry = zip.addFile(path, content, '', executable ? 0o755 : 0o644);
    // The first day a zip can tell, in local time because that is how it is stored.
    entry.header.time = new Date(1980, 0, 1);
  }
  return { zip: zip.toBuffer() as Buffer<ArrayBuffer>, files: files.length };
}

interface Search {
  folder: string;
  ignores: Ignores;
  leaveOut: string | null;
}

async function findFiles(search: Search, below: string): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for (const entry of await readdir(join(search.folder, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    const absolute = join(search.folder, path);
    if (search.ignores(path, entry.isDirectory()) || resolve(absolute) === search.leaveOut) continue;
    if (entry.isDirectory()) found.push(...(await findFiles(search, path)));
    else found.push(await lookAtFile(absolute, path));
  }
  return found;
}

async function lookAtFile(absolute: string, path: string): Promise<FoundFile> {
  const stats = await lstat(absolute);
  const shown = JSON.stringify(path);
  if (stats.isSymbolicLink()) {
    throw new CommandError(
      exitCode.failed,
      `${shown} is a symbolic link; links are not allowed in a function`,
      `put the file itself there, or leave it out with a line /${path} in .lanewayignore`,
    );
  }
  if (!stats.isFile()) {
    throw new CommandError(
      exitCode.failed,
      `${shown} is neither a file nor a folder`,
      `leave it out by a line /${path} in .lanewayignore`,
    );
  }
  if (path.includes('\\')) throw new CommandError(exitCode.failed, `${shown} has a backslash in its name`, 'rename it');
  return { path, executable: (stats.mode & 0o111) !== 0 };
}

async function readIgnores(folder: string): Promise<Ignores> {
  const own = await readFile(join(folder, '.lanewayignore'), 'utf8').catch(() => '');
  return readIgnoreRules([...defaultIgnores, ...own.split('\n')]);
}

async function requireFolder(folder: string): Promise<void> {
  const stats = await lstat(folder).catch(() => null);
  if (stats?.isDirectory()) return;
  const problem = stats === null ? 'there is no folder' : 'not a folder:';
  throw new CommandError(exitCode.usage, `${problem} ${folder}`, `run it where ${basename(folder)} is, or give the whole path`);
}

function tooMuch(problem: string): CommandError {
  return new CommandError(exitCode.failed, `the folder holds ${problem}`, 'leave files out with .lanewayignore');
}
