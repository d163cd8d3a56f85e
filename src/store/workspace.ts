import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { pathInside } from './path-inside.js';

/** A private folder in which a version is put together before it is renamed to its place. */
export interface Workspace {
  folder: string;
  /** Where the zip goes. */
  zip: string;
  /** Where it is unpacked to. */
  files: string;
  /** Removes what is left; nothing happens when the folder was moved away. */
  dispose(): Promise<void>;
}

/** Makes a workspace whose name tells which process owns it. */
export async function makeWorkspace(tmp: string): Promise<Workspace> {
  const folder = pathInside(tmp, `${processName(process.pid)}.${randomUUID()}`);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  return {
    folder,
    zip: pathInside(folder, 'artifact.zip'),
    files: pathInside(folder, 'files'),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Removes what processes that are gone have left behind; several processes may share the folder. */
export async function sweepWorkspaces(tmp: string): Promise<void> {
  await mkdir(tmp, { recursive: true, mode: 0o755 });
  for (const name of await readdir(tmp)) {
    const owner = /^(\d+)-\d+\./.exec(name);
    if (owner !== null && name.startsWith(`${processName(Number(owner[1]))}.`)) continue;
    await rm(pathInside(tmp, name), { recursive: true, force: true });
  }
}

/** `<pid>-<start time>`: a pid alone is given again, in a container at once. Without /proc only this process is known to live. */
function processName(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return `${pid}-${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return pid === process.pid ? `${pid}-0` : 'gone';
  }
}
