import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { neededServers } from './debian-packages.js';

const postgresVersions = '/usr/lib/postgresql';

/** Absolute path of a program on the path or where Debian keeps servers, or null. */
export function findBinary(name: string): string | null {
  const folders = (process.env.PATH ?? '').split(':').filter((folder) => folder !== '');
  const candidates = [...folders, '/usr/local/sbin', '/usr/sbin', '/sbin', ...postgresFolders()].map((folder) =>
    join(folder, name),
  );
  return candidates.find(isExecutable) ?? null;
}

/** For a test's `skip` option: false when all are there, else the reason by name. With CI=true a skipped test is a failure. */
export function skipWithout(...binaries: string[]): string | false {
  const missing = binaries.filter((binary) => findBinary(binary) === null);
  if (missing.length === 0) return false;
  const packages = missing.map((binary) => neededServers.find((server) => server.binary === binary)?.package ?? binary);
  return `needs ${missing.join(' and ')}: apt-get install ${packages.join(' ')}`;
}

/** Newest first. */
function postgresFolders(): string[] {
  if (!existsSync(postgresVersions)) return [];
  const versions = readdirSync(postgresVersions).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(postgresVersions, version, 'bin'));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
