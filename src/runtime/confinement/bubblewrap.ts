import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Launch } from '../process-launch.js';
import type { Identity } from './identities.js';
import { hide, makeFolders, showInPlace, showSystem } from './shown-files.js';

/** Paths as a confined worker sees them. */
export const inside = {
  /** Its slot; the version's files lie in `code`. */
  slot: '/function',
  code: '/function/code',
  tmp: '/tmp',
  /** Laneway's own side of the wall. */
  runtime: '/laneway/runtime',
  workerCode: '/laneway/runtime/inside',
} as const;

/** What a server confines all its workers with. */
export interface Surroundings {
  bwrap: string;
  setpriv: string | null;
  /** The server is root: workers become real users of their own, without a user namespace. */
  asRoot: boolean;
  /** The filter of system calls, and a `package.json` for the code inside. */
  filter: string;
  packageFile: string;
  /** Absolute folders that no worker may see, wherever they lie. */
  hidden: readonly string[];
  /** Of /tmp, and of /dev/shm. */
  tmpBytes: number;
}

/** What one worker is confined with. */
export interface Cell {
  /** Its slot's folder outside. */
  slot: string;
  identity: Identity;
  /** Files and folders it needs besides the system's, shown where they lie. */
  shown: readonly string[];
  /** Shown in place of the slot's `code`; null: the slot's own is filled later. */
  code: string | null;
  sharesNetwork: boolean;
  /** Addresses with routes that lead nowhere; only where the server is not root. */
  closedTo: readonly string[];
}

/** What runs in a cell, with paths as they are inside. */
export interface CellProgram {
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  cwd: string;
  /** It says by the third descriptor when its cell is made, and begins when a line comes by it. */
  waits?: boolean;
}

const workerCode = dirname(fileURLToPath(new URL('../inside/process-entry.js', import.meta.url)));
const messages = fileURLToPath(new URL('../messages.js', import.meta.url));
const hostName = 'function';
/** No terminals: making those takes a second user namespace, and with it the network could not be joined from outside. */
const devices = ['null', 'zero', 'full', 'random', 'urandom'];

/**
 * The command that runs a program in a cell. The process that is started stays outside and waits: with it everything inside
 * dies, and with its server it dies itself. It writes who it started to descriptor `firstDescriptor` and takes the filter of
 * system calls from the next one.
 */
export function launchInCell(
  program: CellProgram,
  cell: Cell,
  { surroundings, firstDescriptor }: { surroundings: Surroundings; firstDescriptor: number },
): Launch {
  const { bwrap, filter } = surroundings;
  const args = [
    ...separate(cell, surroundings),
    ...words(`--die-with-parent --new-session --info-fd ${firstDescriptor} --seccomp ${firstDescriptor + 1}`),
    ...mountEverything(cell, surroundings),
    '--chdir',
    program.cwd,
    '--clearenv',
    ...Object.entries(program.env).flatMap(([name, value]) => ['--setenv', name, value]),
    '--',
    ...becoming(cell, surroundings),
    ...(program.waits === true ? ['/bin/sh', '-c', waiting(firstDescriptor + 2), 'laneway'] : []),
    program.command,
    ...program.args,
  ];
  return { command: bwrap, args, env: {}, cwd: '/', filter, waits: program.waits === true };
}

/** Namespaces of its own, and no right that a process can have. */
function separate({ sharesNetwork, closedTo, identity: { uid, gid } }: Cell, { asRoot }: Surroundings): string[] {
  const namespaces = words(`--unshare-pid --unshare-ipc --unshare-uts --unshare-cgroup-try --hostname ${hostName}`);
  if (!sharesNetwork) namespaces.push('--unshare-net');
  // Root needs no user namespace; what is kept of its rights is what changing the user takes, and goes with that change.
  const rights = '--cap-drop ALL --cap-add CAP_SETUID --cap-add CAP_SETGID --cap-add CAP_SETPCAP';
  if (asRoot) return [...namespaces, ...words(rights)];
  const user = words(`--unshare-user --uid ${uid} --gid ${gid}`);
  return [...namespaces, ...user, ...(closedTo.length === 0 ? [] : words('--cap-add CAP_NET_ADMIN'))];
}

function mountEverything({ slot, shown, code }: Cell, { tmpBytes, hidden, packageFile }: Surroundings): string[] {
  const links = ['passwd', 'group', 'hosts', 'resolv.conf'].map((name) => `--symlink ${inside.slot}/etc/${name} /etc/${name}`);
  return [
    ...makeFolders(['/etc', '/laneway', inside.runtime]),
    ...showSystem(),
    ...showInPlace(shown),
    ...hide(hidden, shown),
    ...show(packageFile, '/laneway/package.json'),
    ...show(messages, `${inside.runtime}/messages.js`),
    ...show(workerCode, inside.workerCode),
    ...show(slot, inside.slot),
    ...(code === null ? [] : show(code, inside.code)),
    ...words(links.join(' ')),
    // The process that waits inside for the others is none of theirs: not its memory, nor its arguments.
    ...words('--proc /proc --tmpfs /proc/1 --remount-ro /proc/1'),
    ...words('--perms 0755 --tmpfs /dev'),
    ...devices.flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`]),
    ...words('--symlink /proc/self/fd /dev/fd'),
    ...['stdin', 'stdout', 'stderr'].flatMap((name, fd) => ['--symlink', `/proc/self/fd/${fd}`, `/dev/${name}`]),
    // Nothing can be written but in these two, and they are full some time.
    ...words(`--perms 1777 --size ${tmpBytes} --tmpfs /dev/shm --remount-ro /dev`),
    ...words(`--perms 1777 --size ${tmpBytes} --tmpfs ${inside.tmp} --remount-ro /`),
  ];
}

function show(path: string, place: string): string[] {
  return ['--ro-bind', path, place];
}

function words(text: string): string[] {
  return text.split(' ');
}

function waiting(descriptor: number): string {
  return `echo ready >&${descriptor}; read -r _ <&${descriptor} || exit 97; exec ${descriptor}>&-; exec "$@"`;
}

/** Sets the routes while it has the right to, which goes with what it becomes after that. */
const closing = 'for address in $1; do ip route add unreachable "$address" || exit 97; done; shift; exec "$@"';

function becoming({ identity: { uid, gid }, closedTo }: Cell, { asRoot, setpriv }: Surroundings): string[] {
  const none = [setpriv!, '--inh-caps=-all', '--ambient-caps=-all'];
  if (asRoot) return [...none, ...words(`--bounding-set=-all --reuid ${uid} --regid ${gid} --clear-groups --`)];
  return closedTo.length === 0 ? [] : ['/bin/sh', '-c', closing, 'laneway', closedTo.join(' '), ...none, '--'];
}
