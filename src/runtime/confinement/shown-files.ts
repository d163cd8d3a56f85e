import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, sep } from 'node:path';

const programs = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/** What programs look up in /etc and what tells nothing of this machine's users, services and secrets. */
const settings = [
  'alternatives',
  'ca-certificates',
  'crypto-policies',
  'gai.conf',
  'host.conf',
  'ld.so.cache',
  'localtime',
  'mime.types',
  'nsswitch.conf',
  'pki/ca-trust/extracted',
  'pki/tls/certs',
  'protocols',
  'services',
  'ssl/certs',
  'ssl/openssl.cnf',
  'timezone',
].map((name) => `/etc/${name}`);

/** Arguments of bubblewrap that show the machine's programs, read-only, and what of /etc they need. */
export function showSystem(): string[] {
  const there = settings.filter((file) => existsSync(file));
  return [...programs.flatMap(showProgramFolder), ...makeParents(there), ...there.flatMap((file) => ['--ro-bind', file, file])];
}

/** Arguments that show these files and folders, read-only, where they lie. What the system shows already is left out. */
export function showInPlace(paths: readonly string[]): string[] {
  const others = [...new Set(paths)].filter((path) => !path.startsWith('/usr/'));
  return [...makeParents(others), ...others.flatMap((path) => ['--ro-bind', path, path])];
}

/** Arguments that make folders which everybody may enter: bubblewrap's own, made on the way, are for root alone. */
export function makeFolders(paths: readonly string[]): string[] {
  return [...new Set(paths)].flatMap((path) => ['--perms', '0755', '--dir', path]);
}

/** Arguments that put an empty folder over whatever of these lies in something that is shown. */
export function hide(paths: readonly string[], shown: readonly string[]): string[] {
  const places = [...programs, ...shown].map(realPath);
  return paths
    .map(realPath)
    .filter((path) => places.some((place) => path.startsWith(place + sep)) && existsSync(path))
    .flatMap((path) => ['--tmpfs', path, '--remount-ro', path]);
}

function makeParents(paths: readonly string[]): string[] {
  return makeFolders(paths.flatMap(parentsOf));
}

/** From the outermost on. */
function parentsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === '/' ? [] : [...parentsOf(parent), parent];
}

function showProgramFolder(path: string): string[] {
  try {
    // On most systems /bin and the like are links into /usr.
    return lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
  } catch {
    return [];
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
