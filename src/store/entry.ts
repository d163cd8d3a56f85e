import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Entry } from '../contract/executor.js';
import type { Manifest } from '../contract/manifest.js';
import type { Runtime } from '../contract/words.js';
import { LanewayError, messageOf } from '../errors.js';
import { isProgramStart } from './unpack-zip.js';

/** An unpacked zip and everything that says how it wants to be run. */
export interface Unpacked {
  function: string;
  folder: string;
  /** Names of the files at the root, sorted. */
  files: readonly string[];
  manifest: Manifest;
  type: 'dll' | 'exe' | null;
}

const moduleEndings = ['.mjs', '.js', '.cjs'];
const packageLimit = 1 << 20;

/** Names of the files at the root of an unpacked zip, sorted. */
export async function listRootFiles(folder: string): Promise<string[]> {
  const found = await readdir(folder, { withFileTypes: true });
  return found
    .filter((file) => file.isFile())
    .map((file) => file.name)
    .sort();
}

/**
 * Finds what to run by the runtime's table: the manifest's entry, else the conventional files of its runtime,
 * else of those that `type` allows. Throws `entry_missing` or `dotnet_not_supported`, saying what was looked for.
 */
export async function findEntry(unpacked: Unpacked): Promise<Entry> {
  const { entry: named, handler } = unpacked.manifest;
  const found = named === undefined ? await searchEntry(unpacked) : await namedEntry(unpacked, named);
  if (found.runtime === 'executable' && !(await isProgram(join(unpacked.folder, found.file)))) {
    throw missing(`${found.file} is neither a Linux program nor a script that begins with #!`);
  }
  return { runtime: found.runtime, file: found.file, ...(handler === undefined ? {} : { handler }) };
}

async function namedEntry({ folder, manifest }: Unpacked, named: string): Promise<Entry> {
  const file = posix.normalize(named);
  if (!(await isFile(folder, file))) throw missing(`laneway.json names ${named}, which is not in the zip`);
  const runtime = manifest.runtime ?? runtimeOf(file);
  if (runtime === 'node' && !moduleEndings.includes(posix.extname(file))) {
    throw missing(`${named} is not a Node module; use a .mjs, .js or .cjs file`);
  }
  return { runtime, file };
}

function runtimeOf(file: string): Runtime {
  const ending = posix.extname(file);
  if (moduleEndings.includes(ending)) return 'node';
  return ending === '.py' ? 'python' : 'executable';
}

async function searchEntry(unpacked: Unpacked): Promise<Entry> {
  for (const runtime of allowedRuntimes(unpacked)) {
    const file = await searches[runtime](unpacked);
    if (file !== null) return { runtime, file };
  }
  await refuseDotnet(unpacked);
  throw missing(await describeMissing(unpacked));
}

/** The wire's `dll` means a module and `exe` an executable, and only when the manifest is silent. */
function allowedRuntimes({ manifest, type }: Unpacked): readonly Runtime[] {
  if (manifest.runtime !== undefined) return [manifest.runtime];
  if (type === 'exe') return ['executable'];
  return type === 'dll' ? ['node', 'python'] : ['node', 'python', 'executable'];
}

const searches: Record<Runtime, (unpacked: Unpacked) => Promise<string | null>> = {
  async node(unpacked) {
    const main = await packageMain(unpacked);
    const names = [unpacked.function, 'index'].flatMap((name) => moduleEndings.map((ending) => name + ending));
    return main ?? firstOf(unpacked, names);
  },
  async python(unpacked) {
    const only = unpacked.files.filter((file) => file.endsWith('.py'));
    return firstOf(unpacked, [`${unpacked.function}.py`, 'main.py', 'index.py']) ?? (only.length === 1 ? only[0]! : null);
  },
  async executable(unpacked) {
    const named = firstOf(unpacked, [unpacked.function, `${unpacked.function}.sh`]);
    if (named !== null) return named;
    const programs: string[] = [];
    for (const file of unpacked.files) if (await isProgram(join(unpacked.folder, file))) programs.push(file);
    const exe = `${unpacked.function}.exe`;
    return programs.includes(exe) ? exe : programs.length === 1 ? programs[0]! : null;
  },
};

/** package.json's `main`, completed as Node does; null when there is none or its file is missing, as Node then goes on. */
async function packageMain({ folder, files }: Unpacked): Promise<string | null> {
  if (!files.includes('package.json')) return null;
  const main = await readMain(join(folder, 'package.json'));
  if (main === null) return null;
  const file = posix.normalize(main);
  if (file.startsWith('..') || posix.isAbsolute(file) || /[\\\0]/.test(file))
    throw missing(`package.json's main ${main} leads out of the zip`);
  for (const candidate of [file, `${file}.js`, posix.join(file, 'index.js')]) {
    if (moduleEndings.includes(posix.extname(candidate)) && (await isFile(folder, candidate))) return candidate;
  }
  return null;
}

async function readMain(path: string): Promise<string | null> {
  if ((await stat(path)).size > packageLimit) throw missing(`package.json is larger than ${packageLimit} bytes`);
  try {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'));
    const main = typeof content === 'object' && content !== null && 'main' in content ? content.main : null;
    return typeof main === 'string' && main !== '' ? main : null;
  } catch (error) {
    throw missing(`package.json is not JSON: ${messageOf(error)}`);
  }
}

function firstOf({ files }: Unpacked, names: readonly string[]): string | null {
  return names.find((name) => files.includes(name)) ?? null;
}

async function isFile(folder: string, file: string): Promise<boolean> {
  return await stat(join(folder, file)).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function isProgram(path: string): Promise<boolean> {
  return isProgramStart(await readStart(path));
}

async function readStart(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

const dotnetExtras = ['.pdb', '.deps.json', '.runtimeconfig.json', '.dll.config', '.exe.config', '.xml'];

/** Only assemblies and what a .NET build puts beside them: say what runs here instead of what was not found. */
async function refuseDotnet({ folder, files }: Unpacked): Promise<void> {
  const assemblies = files.filter((file) => /\.(dll|exe)$/i.test(file));
  if (assemblies.length === 0) return;
  for (const file of files) {
    if (dotnetExtras.some((ending) => file.toLowerCase().endsWith(ending))) continue;
    if (!assemblies.includes(file)) return;
    const start = await readStart(join(folder, file));
    if (start.toString('latin1', 0, 2) !== 'MZ') return;
  }
  throw new LanewayError('dotnet_not_supported', { entry: assemblies[0]! });
}

async function describeMissing(unpacked: Unpacked): Promise<string> {
  const wanted = allowedRuntimes(unpacked).map((runtime) => lookedFor[runtime](unpacked.function));
  const folder = unpacked.files.length === 0 ? await onlyFolder(unpacked.folder) : null;
  const hint =
    folder === null ? '' : `; everything is in the folder ${folder}, so the entry seems to be one folder down: zip what is in it`;
  return `looked for ${wanted.join('; ')} at the root of the zip${hint}`;
}

const lookedFor: Record<Runtime, (name: string) => string> = {
  node: (name) => `package.json's main, ${name}.mjs, .js or .cjs, index.mjs, .js or .cjs`,
  python: (name) => `${name}.py, main.py, index.py, a single .py file`,
  executable: (name) => `a program ${name}, ${name}.sh, a single program`,
};

async function onlyFolder(folder: string): Promise<string | null> {
  const found = await readdir(folder);
  return found.length === 1 ? found[0]! : null;
}

function missing(problem: string): LanewayError {
  return new LanewayError('entry_missing', { problem });
}
