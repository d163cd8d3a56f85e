import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../errors.js';
import { findOnPath } from '../process-launch.js';
import type { Surroundings } from './bubblewrap.js';
import { Confinement } from './confinement.js';
import type { Outbound } from './outbound-network.js';
import { probeCell } from './probe-cell.js';
import { openSlots } from './slots-folder.js';
import { buildSystemCallFilter, hasFilter } from './system-call-filter.js';

export interface ConfinementOptions {
  /** Private to this server, as the executor's. */
  folder: string;
  /** A folder on the file system of the unpacked versions, for what is made of them. */
  slots: string;
  /** Folders of the server that no worker may see. */
  hidden: readonly string[];
  /** Of a worker's private /tmp, and of its /dev/shm. */
  tmpBytes: number;
  /** `host`: functions with `network: outbound` share the server's network. */
  outbound: 'own' | 'host';
}

/** What was found out about this machine. */
export type ProbedConfinement =
  | { cells: Confinement; problem: null }
  /** Why nothing can be confined here, as a half sentence. */
  | { cells: null; problem: string };

/** Where nobody asked whether anything can be confined. */
export const noConfinement: ProbedConfinement = { cells: null, problem: 'it was not looked for' };

/** Starts a program in a cell and looks whether every wall of it stands; if one does not, it says which. Never rejects. */
export async function openConfinement(options: ConfinementOptions): Promise<ProbedConfinement> {
  try {
    const surroundings = findSurroundings(options);
    const slots = openSlots(options.folder, options.slots);
    await probeCell(surroundings, slots);
    const outbound = findOutbound(options.outbound);
    return { cells: new Confinement(surroundings, { slots, outbound }), problem: null };
  } catch (error) {
    return { cells: null, problem: messageOf(error) };
  }
}

function findSurroundings({ folder, hidden, tmpBytes }: ConfinementOptions): Surroundings {
  if (process.platform !== 'linux') throw new Error('it needs Linux');
  if (!hasFilter(process.arch)) throw new Error(`there is no filter of system calls for ${process.arch}`);
  const bwrap = findOnPath('bwrap');
  if (bwrap === null) throw new Error('bubblewrap is not installed (apt-get install bubblewrap)');
  const asRoot = process.getuid!() === 0;
  const setpriv = findOnPath('setpriv');
  if (asRoot && setpriv === null) throw new Error('setpriv is not installed (apt-get install util-linux)');
  if (asRoot && !mayMount())
    throw new Error('the server is root without the right to mount: run it as another user, or give it CAP_SYS_ADMIN');
  const own = join(folder, 'confinement');
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const [filter, packageFile] = [join(own, 'system-calls.bpf'), join(own, 'package.json')];
  writeOnce(filter, buildSystemCallFilter(process.arch));
  writeOnce(packageFile, Buffer.from('{"type":"module"}\n'));
  return { bwrap, setpriv, asRoot, filter, packageFile, hidden, tmpBytes };
}

/** What is there already may be read by a start of a worker in this moment. */
function writeOnce(file: string, content: Buffer): void {
  if (existsSync(file) && readFileSync(file).equals(content)) return;
  writeFileSync(`${file}.new`, content, { mode: 0o644 });
  renameSync(`${file}.new`, file);
}

/** CAP_SYS_ADMIN, which a container's root mostly lacks. */
function mayMount(): boolean {
  const match = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'));
  return ((BigInt(`0x${match?.[1] ?? '0'}`) >> 21n) & 1n) === 1n;
}

/** slirp4netns makes a network device in each cell. */
function mayMakeDevices(): boolean {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function findOutbound(wanted: 'own' | 'host'): Outbound {
  if (wanted === 'host') return { how: 'host' };
  const names = ['slirp4netns', 'nsenter', 'ip', 'setpriv'] as const;
  const [slirp4netns, nsenter, ip, setpriv] = names.map(findOnPath);
  if (slirp4netns && nsenter && ip && setpriv && !mayMakeDevices()) {
    return {
      how: 'none',
      problem: 'network outbound needs /dev/net/tun, which this server may not use; or LANEWAY_OUTBOUND_NETWORK=host',
    };
  }
  if (slirp4netns && nsenter && ip && setpriv) return { how: 'own', programs: { slirp4netns, nsenter, ip } };
  const missing = names.filter((name) => findOnPath(name) === null).join(' and ');
  return {
    how: 'none',
    problem: `network outbound needs ${missing} (apt-get install slirp4netns util-linux iproute2), or LANEWAY_OUTBOUND_NETWORK=host`,
  };
}
