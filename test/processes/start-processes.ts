import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { zipOf } from '../app/start-app.js';
import { until } from '../until.js';

export const adminKey = `lw_processes1_${'a'.repeat(40)}`;
const fas = fileURLToPath(new URL('../../../bin/fas.js', import.meta.url));

/** `fas serve --processes N` in a process of its own. */
export interface Processes {
  url: string;
  parent: ChildProcess;
  /** The servers' pids by their number. */
  members(): Map<number, number>;
  /** Requests over connections of their own, which go to the servers in turn. */
  ask(method: string, path: string, body?: unknown): Promise<Response>;
  push(name: string, files: Record<string, string>): Promise<void>;
  /** What the parent exits with. */
  exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  stderr(): string;
}

/** Resolves when all are reached. */
export async function startProcesses(
  count: number,
  { home, settings, nodeOptions = [] }: { home: string; settings: Record<string, string>; nodeOptions?: string[] },
): Promise<Processes> {
  const parent = spawn(process.execPath, [...nodeOptions, fas, 'serve', '--processes', String(count)], {
    cwd: home,
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      LANEWAY_PORT: '0',
      LANEWAY_ADMIN_KEY: adminKey,
      LANEWAY_SPARE_PROCESSES: '0',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(parent, 'exit') as Processes['exited'];
  let [stdout, stderr] = ['', ''];
  parent.stdout.on('data', (bytes) => (stdout += String(bytes)));
  parent.stderr.on('data', (bytes) => (stderr += String(bytes)));
  const urlTold = () => /listening on (\S+) with/.exec(stdout)?.[1];
  await until(() => {
    if (parent.exitCode !== null) throw new Error(`it ended with ${parent.exitCode}: ${stderr}`);
    return urlTold() !== undefined;
  });
  const url = urlTold()!;
  const headers = { authorization: `Bearer ${adminKey}`, connection: 'close' };
  const started: Processes = {
    url,
    parent,
    exited,
    stderr: () => stderr,
    members: () => membersOf(parent.pid!),
    ask: (method, path, body) =>
      fetch(url + path, {
        method,
        headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async push(name, files) {
      const path = `${url}/api/v1/functions/${name}/lanes/latest/versions`;
      const zip = { ...headers, 'content-type': 'application/zip' };
      const answer = await fetch(path, { method: 'POST', headers: zip, body: zipOf(files) });
      if (answer.status !== 201) throw new Error(`push answered ${answer.status}: ${await answer.text()}`);
    },
  };
  await untilReached(started, count);
  return started;
}

/** Every server has answered. */
export async function untilReached({ ask }: Pick<Processes, 'ask'>, count: number): Promise<void> {
  const seen = new Set<number>();
  await until(async () => {
    const answer = await ask('GET', '/ready').catch(() => null);
    if (answer?.status === 200) seen.add(((await answer.json()) as { process: { number: number } }).process.number);
    return seen.size === count;
  });
}

/** Every process that stems from this one, itself left out. */
export function descendantsOf(pid: number): number[] {
  const children = listProcesses().filter(({ parent }) => parent === pid);
  return children.flatMap((child) => [child.pid, ...descendantsOf(child.pid)]);
}

/** A zombie has ended: whoever should collect it may be slow. */
export function isRunning(pid: number): boolean {
  return listProcesses().some((one) => one.pid === pid);
}

function membersOf(parent: number): Map<number, number> {
  const members = listProcesses().filter(
    (one) => one.parent === parent && one.args.some((arg) => arg.endsWith('/processes/member.js')),
  );
  return new Map(members.map(({ pid, args }) => [Number(args.at(-2)), pid]));
}

function listProcesses(): { pid: number; parent: number; args: string[] }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const args = readFileSync(`/proc/${name}/cmdline`, 'latin1').split('\0').slice(0, -1);
        return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent), args }];
      } catch {
        return [];
      }
    });
}
