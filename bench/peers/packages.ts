import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Peer } from './start-peer.js';

const bench = new URL('../../../bench/', import.meta.url).pathname;

/** Starts a peer that comes from a package. Throws with the reason when the packages can't be had. */
export async function fromPackages(start: () => Promise<Peer>): Promise<Peer> {
  const missing = await installPeers();
  if (missing !== null) throw new Error(missing);
  return start();
}

/** A file of an installed peer. */
export function peerFile(path: string): string {
  return join(bench, 'node_modules', path);
}

/** Null when the packages of bench/package.json are installed; else why they are not. */
async function installPeers(): Promise<string | null> {
  if (await areInstalled()) return null;
  console.error('installing the peers (npm ci --prefix bench)...');
  try {
    // Install scripts are off (bench/.npmrc): none of these needs one.
    await promisify(execFile)('npm', ['ci', '--prefix', bench, '--no-audit', '--no-fund'], { cwd: bench });
    return null;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    return `npm ci --prefix bench failed: ${(stderr ?? String(error)).trim().split('\n').at(-1)}`;
  }
}

async function areInstalled(): Promise<boolean> {
  const { dependencies } = await readPackage(join(bench, 'package.json'));
  const are = Object.entries(dependencies!).map(async ([name, version]) => {
    const installed = await readPackage(peerFile(`${name}/package.json`)).catch(() => null);
    return installed?.version === version;
  });
  return (await Promise.all(are)).every(Boolean);
}

async function readPackage(path: string): Promise<{ version?: string; dependencies?: Record<string, string> }> {
  return JSON.parse(await readFile(path, 'utf8')) as { version?: string; dependencies?: Record<string, string> };
}
