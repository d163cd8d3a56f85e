import type { DeployedVersion, Entry } from '../contract/executor.js';
import type { Runtime } from '../contract/words.js';
import { LanewayError } from '../errors.js';

const moduleEndings = ['.mjs', '.js', '.cjs', '.py'];

/** The version's own entry, unless the caller names a file or asks for the executable of a version whose manifest is silent. */
export function chooseEntry(version: DeployedVersion, entryFile: string | null, type: 'dll' | 'exe' | null): Entry {
  const silent = version.manifest.runtime === undefined && version.manifest.entry === undefined;
  if (entryFile !== null) return namedEntry(version, entryFile, type);
  if (type === 'exe' && silent && version.entry.runtime !== 'executable') return namedEntry(version, version.function, type);
  return version.entry;
}

function namedEntry(version: DeployedVersion, name: string, type: 'dll' | 'exe' | null): Entry {
  const endings = type === 'exe' ? ['', '.exe', '.sh'] : ['', ...moduleEndings];
  const file = endings.map((ending) => name + ending).find((candidate) => version.files.includes(candidate));
  if (file === undefined) {
    throw new LanewayError('entry_missing', { problem: `version ${version.version} has no file ${name} to enter by` });
  }
  const runtime = type === 'exe' ? 'executable' : runtimeOf(file);
  const handler = version.manifest.handler;
  return handler === undefined ? { runtime, file } : { runtime, file, handler };
}

function runtimeOf(file: string): Runtime {
  if (file.endsWith('.py')) return 'python';
  return moduleEndings.some((ending) => file.endsWith(ending)) ? 'node' : 'executable';
}
