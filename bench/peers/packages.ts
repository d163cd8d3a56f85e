import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Peer } from './start-peer.js';

interface Package {
  version?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const bench = new URL('../../../bench/', import.meta.url).pathname;
let installing: Promise<string | null> | null = null;

/** Starts a peer that comes from a package. Throws with the reason when the packages can't be had. */
export async function fromPackages(start: () => Promise<Peer>): Promise<Peer> {
  const missing = await (installing ??= installPeers());
  if (missing !== null) throw new Error(missing);
  return start();
}

/** A file of an installed peer. */
export function peerFile(path: string): string {
  return join(bench, 'node_modules', path);
}

/** Null when the packages of bench/package.json are installed; else why they are not. Tried once. */
async function installPeers(): Promise<string | null> {
  if (await areInstalled()) return null;
  console.error('installing the peers (npm ci --prefix bench)...');
  try {
    // Install scripts are off (bench/.npmrc): none of these needs one.
    await promisify(execFile)('npm', ['ci', '--prefix', bench, '--no-audit', '--no-fund'], { cwd: bench });
    return null;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    const reasons = stderr.split('\n').filter((line) => line.startsWith('npm error '));
    return `npm ci --prefix bench failed: ${reasons.slice(0, 3).join('; ') || String(error)}`;
  }
}

/** Optional ones are of other machines than this, perhaps. */
async function areInstalled(): Promise<boolean> {
  const { dependencies = {}, optionalDependencies = {} } = await readPackage(join(bench, 'package.json'));
  for (const [name, version] of Object.entries({ ...dependencies, ...optionalDependencies })) {
    const installed = await readPackage(peerFile(`${name}/package.json`)).catch(() => null);
    if (installed === null ? name in dependencies : installed.version !== version) return false;
  }
  return true;
}

async function readPackage(path: string): Promise<Package> {
  return JSON.parse(await readFile(path, 'utf8')) as Package;
}
