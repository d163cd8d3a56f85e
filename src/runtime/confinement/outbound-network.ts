import { spawn, type ChildProcess } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import type { Readable } from 'node:stream';

/** The way out of one cell, as long as its worker lives. */
export interface NetworkLink {
  /** Resolves when it can be used. Rejects with the reason when it can't be had. */
  readonly up: Promise<void>;
  close(): void;
}

export interface NetworkPrograms {
  slirp4netns: string;
  nsenter: string;
  ip: string;
}

/** How functions with `network: outbound` get it in their cells. */
export type Outbound =
  /** A network of their own that is joined to the world. */
  | { how: 'own'; programs: NetworkPrograms }
  /** That of the server. */
  | { how: 'host' }
  /** Not at all, for this reason. */
  | { how: 'none'; problem: string };

/** What to write into resolv.conf: slirp4netns answers there with what the machine's own resolver says. */
export const resolvConf = 'nameserver 10.0.2.3\noptions timeout:2\n';

const device = 'tap0';
const linkLocal = '169.254.0.0/16';

/**
 * Joins the network of a cell to the world by slirp4netns, a network stack in a process outside that makes each connection
 * anew as its own. What is not to be reached gets an unreachable route before the link is up: link-local addresses, where clouds
 * keep their machines' credentials, and this machine's own. Without root that is done at the cell's beginning, see `Cell.closedTo`.
 * This machine's loopback slirp4netns keeps to itself. IPv4 only.
 */
export function connectToWorld(init: number, programs: NetworkPrograms, asRoot: boolean): NetworkLink {
  // Its fifth descriptor is the leash: when the server is gone, however it ended, the other end closes.
  const own = asRoot ? ['--enable-sandbox', '--enable-seccomp'] : ['--enable-seccomp'];
  const args = [
    '--configure',
    '--mtu=65520',
    '--disable-host-loopback',
    ...own,
    '--ready-fd=3',
    '--exit-fd=4',
    String(init),
    device,
  ];
  let slirp: ChildProcess | null = null;
  let closed = false;
  const join = () =>
    new Promise<void>((resolve, reject) => {
      if (closed) return reject(new Error('the worker has ended'));
      slirp = spawn(programs.slirp4netns, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'], env: {}, cwd: '/' });
      const said = lastWords(slirp);
      slirp.on('error', reject);
      slirp.on('exit', () => reject(new Error(`slirp4netns ended: ${said()}`)));
      slirp.unref();
      for (const stream of slirp.stdio.slice(3) as Unrefable[]) {
        stream.on('error', () => undefined);
        stream.unref?.();
      }
      (slirp.stdio[3] as Readable).once('data', () => resolve());
    });
  return {
    up: asRoot ? closeOff(init, programs).then(join) : join(),
    close() {
      closed = true;
      slirp?.kill('SIGKILL');
    },
  };
}

type Unrefable = Readable & { unref?: () => void };

/** What no cell may reach: link-local addresses, and this machine's own as they are now. */
export function forbiddenAddresses(): string[] {
  return [linkLocal, ...ownAddresses()];
}

/** Before there is any way out, so that there never is one to these. */
function closeOff(init: number, { nsenter, ip }: NetworkPrograms): Promise<void> {
  const args = ['--target', String(init), '--net', '--', ip, '-batch', '-'];
  const routes = forbiddenAddresses().map((address) => `route add unreachable ${address}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(nsenter, args, {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: {},
      cwd: '/',
    });
    const said = lastWords(child);
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`routes could not be set: ${said()}`))));
    child.stdin.on('error', () => undefined);
    child.stdin.end(routes.join(''));
    child.unref();
  });
}

/** IPv4 addresses of this machine, also those that it gave its loopback; 127.0.0.0/8 itself leads nowhere. */
function ownAddresses(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const own = addresses
    .filter(({ family, address }) => family === 'IPv4' && !address.startsWith('127.'))
    .map(({ address }) => `${address}/32`);
  return [...new Set(own)];
}

function lastWords(child: ChildProcess): () => string {
  let text = '';
  child.stderr!.setEncoding('utf8').on('data', (piece: string) => (text = (text + piece).slice(-500)));
  (child.stderr as Unrefable).unref?.();
  return () => text.trim().split('\n').at(-1) ?? '';
}
