import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folders of this process in the cgroup trees that are mounted. */
export interface OwnCgroups {
  /** By controller; one that is not mounted is absent. */
  readonly v1: Readonly<Partial<Record<'memory' | 'pids' | 'cpu', string>>>;
  readonly v2: string | null;
}

const controllers = ['memory', 'pids', 'cpu'] as const;

/** Found by /proc/self/cgroup and the mounts: a container sees a part of the tree, which is mounted as if it were all. */
export function findOwnCgroups(proc = '/proc/self'): OwnCgroups {
  const mounts = readMounts(join(proc, 'mountinfo'));
  const v1: Partial<Record<'memory' | 'pids' | 'cpu', string>> = {};
  let v2: string | null = null;
  for (const line of readLines(join(proc, 'cgroup'))) {
    const [id, names = '', ...rest] = line.split(':');
    const path = rest.join(':');
    if (id === '0' && names === '') {
      v2 = folderOf(
        mounts.find(({ type }) => type === 'cgroup2'),
        path,
      );
    }
    for (const controller of controllers) {
      if (!names.split(',').includes(controller)) continue;
      const folder = folderOf(
        mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller)),
        path,
      );
      if (folder !== null) v1[controller] = folder;
    }
  }
  return { v1, v2 };
}

interface Mount {
  /** Which folder of the tree is mounted. */
  root: string;
  point: string;
  type: string;
  options: string[];
}

function folderOf(mount: Mount | undefined, path: string): string | null {
  if (mount === undefined) return null;
  const inside = mount.root !== '/' && `${path}/`.startsWith(`${mount.root}/`) ? path.slice(mount.root.length) : path;
  return join(mount.point, inside).replace(/\/$/, '');
}

function readMounts(file: string): Mount[] {
  return readLines(file).map((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', point = ''] = before.split(' ');
    const [type = '', , options = ''] = after.split(' ');
    return { root: unescape(root), point: unescape(point), type, options: options.split(',') };
  });
}

/** Blanks and the like are written as octal numbers. */
function unescape(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
