import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a server tells commands of the same user on the same machine. */
export interface LocalServer {
  url: string;
  port: number;
  /** Of its process. */
  pid: number;
  dataFolder: string;
  /** Where the admin key lies, 0600; null when another server of the installation holds it. */
  keyFile: string | null;
}

interface Announcement extends LocalServer {
  /** When the process began, as the system tells it: a process id alone may belong to somebody else by now. */
  began: string | null;
  announcedAt: number;
}

/**
 * Writes `<state folder>/laneway/servers/<port>.json`, 0600, for the life of a process. The answer takes it away again.
 * Rejects when the user's folder can't be written; a server runs as well without.
 */
export async function announceLocally(
  server: Omit<LocalServer, 'pid'>,
  environment: Environment,
  pid = process.pid,
): Promise<() => Promise<void>> {
  const folder = serversFolder(environment);
  const file = join(folder, `${server.port}.json`);
  const announcement: Announcement = { ...server, pid, began: await beginOf(pid), announcedAt: Date.now() };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeDead(folder);
  await writeWhole(file, `${JSON.stringify(announcement, null, 2)}\n`);
  return async () => {
    const now = await readAnnouncement(file);
    if (now?.pid === pid) await rm(file, { force: true });
  };
}

/** The server of this user that announced itself last and still runs, with its admin key; null when there is none. */
export async function findLocalServer(environment: Environment): Promise<(LocalServer & { key: string | null }) | null> {
  const living = (await readAll(serversFolder(environment))).filter(({ alive }) => alive).map(({ announcement }) => announcement);
  const newest = living.sort((a, b) => b.announcedAt - a.announcedAt)[0];
  if (newest === undefined) return null;
  const { url, port, pid, dataFolder, keyFile } = newest;
  const key = keyFile === null ? null : await readFile(keyFile, 'utf8').catch(() => null);
  return { url, port, pid, dataFolder, keyFile, key: key?.trim() || null };
}

function serversFolder(environment: Environment): string {
  const given = environment['XDG_STATE_HOME'] ?? '';
  const state = isAbsolute(given) ? given : join(environment['HOME'] || homedir(), '.local', 'state');
  return join(state, 'laneway', 'servers');
}

async function readAll(folder: string): Promise<{ file: string; announcement: Announcement; alive: boolean }[]> {
  const names = await readdir(folder).catch(() => []);
  const found = [];
  for (const name of names.filter((name) => name.endsWith('.json'))) {
    const file = join(folder, name);
    const announcement = await readAnnouncement(file);
    if (announcement !== null) found.push({ file, announcement, alive: await isAlive(announcement) });
  }
  return found;
}

async function removeDead(folder: string): Promise<void> {
  for (const { file, alive } of await readAll(folder)) if (!alive) await rm(file, { force: true });
}

async function isAlive({ pid, began }: Announcement): Promise<boolean> {
  if (began !== null) return (await beginOf(pid)) === began;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Field 22 of /proc/<pid>/stat, the start in ticks since boot; null where there is no /proc or no such process. */
async function beginOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

async function readAnnouncement(file: string): Promise<Announcement | null> {
  try {
    const value = JSON.parse(await readFile(file, 'utf8')) as Announcement;
    const right = Number.isSafeInteger(value.pid) && value.pid > 0 && typeof value.url === 'string';
    return right ? value : null;
  } catch {
    return null;
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
