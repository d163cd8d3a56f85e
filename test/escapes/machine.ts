import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { join } from 'node:path';

/** Their numbers in <linux/capability.h>. */
const capabilities = { net_raw: 13, sys_ptrace: 19, sys_admin: 21, sys_nice: 23, sys_resource: 24, mknod: 27, syslog: 34 };

/** What decides on a machine whether some attacks can work at all. Root in a container has not all that root has. */
export const machine = {
  /** The server runs as root. */
  root: process.getuid?.() === 0,
  /** One process may look into another one of the same user. */
  tracing: has('sys_ptrace') || readNumber('/proc/sys/kernel/yama/ptrace_scope') === 0,
  /** A crashed program leaves its memory in a file beside it, and limits can be raised again. */
  cores: has('sys_resource') && readOr('/proc/sys/kernel/core_pattern', '').startsWith('core'),
  mounts: has('sys_admin'),
  sniffing: has('net_raw'),
  kernelLog: has('syslog') || readNumber('/proc/sys/kernel/dmesg_restrict') === 0,
  devices: has('mknod'),
  priorities: has('sys_nice'),
  settings: mayWrite('/proc/sys/kernel/hostname'),
  /** The server can not make groups of processes, with limits for all of them together. Known when it runs. */
  noGroups: false,
  /** It can, and its processes can leave them. Then they are not looked at otherwise. */
  looseGroups: groupFiles().some(mayWrite),
  network: ownAddresses().length > 0,
  compiler: ['/usr/bin', '/usr/local/bin'].some((folder) => existsSync(join(folder, 'gcc'))),
};

export type Machine = typeof machine;

/** Those of IPv4 by which other machines reach this one. */
export function ownAddresses(): NetworkInterfaceInfo[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter(({ internal, family }) => !internal && family === 'IPv4');
}

/** Whether this process has a capability, of which the server's is made. */
function has(name: keyof typeof capabilities): boolean {
  const effective = /^CapEff:\s*(\w+)$/m.exec(readOr('/proc/self/status', ''))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> BigInt(capabilities[name])) & 1n) === 1n;
}

function groupFiles(): string[] {
  const folders = ['.', ...(existsSync('/sys/fs/cgroup') ? readdirSync('/sys/fs/cgroup') : [])];
  return folders.map((folder) => join('/sys/fs/cgroup', folder, 'cgroup.procs'));
}

function mayWrite(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
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
