import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Bait, fingerprint, type HostBait } from './bait.js';

/** A harmless attempt to get out of a function; its code is in pushed/probes/. */
export interface Probe {
  name: string;
  /** What it tries. */
  intent: string;
  /** Whether it got out, as it is seen on the host. Null where this machine can't tell. */
  gotOut(seen: Seen): boolean | null | Promise<boolean | null>;
}

/** What is there to be looked at after a probe has run. */
export interface Seen {
  /** JSON text of what it told; empty when it failed. */
  told: string;
  bait: Bait;
  host: HostBait;
}

/** How long a process that a run left behind may take to be ended. */
const settleMs = 3000;

export const probes: readonly Probe[] = [
  { name: 'read-admin-key', intent: 'read the admin key', gotOut: tellsContentOf(({ server }) => server.keyFile) },
  { name: 'read-records', intent: 'read the records', gotOut: ({ told }) => told.includes('SQLite format 3') },
  { name: 'read-host-file', intent: "read the user's private files", gotOut: tellsSecret },
  { name: 'read-through-link', intent: 'read them through a link', gotOut: tellsSecret },
  {
    name: 'read-own-descriptors',
    intent: "use the server's open files",
    gotOut: ({ told, bait }) => told.includes(bait.server.data),
  },
  {
    name: 'read-server-environment',
    intent: "read the server's environment",
    gotOut: tellsContentOf(({ server }) => `/proc/${server.pid}/environ`),
  },
  { name: 'see-host-processes', intent: 'see other processes', gotOut: tellsSecret },
  {
    name: 'write-host-file',
    intent: 'write where the user may',
    gotOut: ({ bait }) => isThere(join(bait.host.folder, bait.marker)),
  },
  { name: 'write-shared-folder', intent: 'write into /tmp of the machine', gotOut: ({ bait }) => isThere(`/tmp/${bait.marker}`) },
  { name: 'write-own-version', intent: 'change its own version', gotOut: ({ told }) => isThere(textIn(told)) },
  { name: 'reach-tcp', intent: 'reach services on 127.0.0.1', gotOut: ({ host, bait }) => host.tcp.heard(bait.marker) },
  {
    name: 'reach-socket-file',
    intent: 'reach services by socket files',
    gotOut: ({ host, bait }) => host.socket.heard(bait.marker),
  },
  {
    name: 'reach-abstract-socket',
    intent: 'reach services by abstract sockets',
    gotOut: ({ host, bait }) => host.abstract.heard(bait.marker),
  },
  { name: 'list-addresses', intent: "see the machine's network", gotOut: tellsAddress },
  { name: 'start-left-process', intent: 'leave a process behind', gotOut: hasLeftProcess },
  { name: 'signal-host-process', intent: 'end other processes', gotOut: hasEndedProcess },
];

/** Ends what a probe left running and removes what it wrote into folders that are not its own. */
export function cleanUpAfter(marker: string): string[] {
  for (const pid of processesWith(marker)) process.kill(pid, 'SIGKILL');
  return [`/tmp/${marker}`].filter(isThere);
}

function tellsSecret({ told, host }: Seen): boolean {
  return told.includes(host.secret);
}

function tellsContentOf(file: (bait: Bait) => string): Probe['gotOut'] {
  return ({ told, bait }) => {
    const content = readIfMay(file(bait));
    return content === null ? null : told.includes(fingerprint(content));
  };
}

function tellsAddress({ told }: Seen): boolean | null {
  const outer = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal }) => !internal);
  return outer.length === 0 ? null : outer.some(({ address }) => told.includes(address));
}

async function hasLeftProcess({ told, bait }: Seen): Promise<boolean> {
  if (told === '') return false;
  for (let waited = 0; waited < settleMs && processesWith(bait.marker).length > 0; waited += 100) await wait(100);
  return processesWith(bait.marker).length > 0;
}

async function hasEndedProcess({ host }: Seen): Promise<boolean> {
  for (let waited = 0; waited < 500 && host.process.signalCode === null; waited += 50) await wait(50);
  return host.process.signalCode !== null;
}

function processesWith(text: string): number[] {
  const pids = readdirSync('/proc').map(Number);
  return pids.filter((pid) => pid > 0 && pid !== process.pid && readIfMay(`/proc/${pid}/cmdline`)?.includes(text));
}

function isThere(file: string): boolean {
  return file !== '' && existsSync(file);
}

function textIn(json: string): string {
  const value: unknown = json === '' ? '' : JSON.parse(json);
  return typeof value === 'string' ? value : '';
}

function readIfMay(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}
