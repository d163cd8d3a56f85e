import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { join } from 'node:path';

/** What decides on a machine whether some attacks can work at all. */
export const machine = {
  /** The server runs as root. */
  root: process.getuid?.() === 0,
  /** One process may look into another one of the same user. */
  tracing: process.getuid?.() === 0 || readNumber('/proc/sys/kernel/yama/ptrace_scope') === 0,
  /** A crashed program leaves its memory in a file beside it, where root wants that. */
  cores: process.getuid?.() === 0 && readOr('/proc/sys/kernel/core_pattern', '').startsWith('core'),
  network: ownAddresses().length > 0,
  /** The server can not make groups of processes, with limits for all of them together. Known when it runs. */
  noGroups: false,
  compiler: ['/usr/bin', '/usr/local/bin'].some((folder) => existsSync(join(folder, 'gcc'))),
};

export type Machine = typeof machine;

/** Those of IPv4 by which other machines reach this one. */
export function ownAddresses(): NetworkInterfaceInfo[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter(({ internal, family }) => !internal && family === 'IPv4');
}

function readNumber(file: string): number {
  return Number(readOr(file, '0'));
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return otherwise;
  }
}
