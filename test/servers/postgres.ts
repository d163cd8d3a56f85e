import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { findBinary, skipWithout } from './find-binary.js';
import { findFreePort } from './free-port.js';

export interface PostgresServer {
  /** Of an empty database that belongs to the caller. */
  url: string;
  stop(): Promise<void>;
  /** As a crash or a power cut would end it. */
  kill(): Promise<void>;
  /** kill -9 of all its processes at once, which leaves it no time to tell its clients. */
  crash(): Promise<void>;
  /** After `kill` or `crash`, or in place of a running one. */
  restart(): Promise<void>;
  /** Stops it and all its processes, as a machine that hangs would: connections stay open, nothing is answered. */
  freeze(): void;
  thaw(): void;
}

/** Why no PostgreSQL can be started here, or null. */
export function postgresMissing(): string | null {
  return skipWithout('postgres') || null;
}

/** A PostgreSQL of its own on a free port, in a temporary folder, started as another user when this one is root. */
export async function startPostgres(): Promise<PostgresServer> {
  const user = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), 'laneway-postgres-'));
  if (user.uid !== null) chownSync(folder, user.uid, user.uid);
  const data = join(folder, 'data');
  user.run('initdb', ['--pgdata', data, '--username', 'laneway', '--auth', 'trust', '--encoding', 'UTF8', '--no-sync']);

  const port = await findFreePort();
  let server = await start();
  return {
    url: `postgres://laneway@127.0.0.1:${port}/laneway`,
    stop: async () => {
      await end('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
    kill: () => end('SIGQUIT'),
    crash: async () => {
      if (server.exitCode !== null || server.signalCode !== null) return;
      // Stopped first, it can't start another process while they are looked for.
      server.kill('SIGSTOP');
      for (const pid of childrenOf(server.pid!)) killIfThere(pid);
      await end('SIGKILL');
    },
    restart: async () => {
      await end('SIGINT');
      server = await start();
    },
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
  };

  function signalAll(signal: NodeJS.Signals): void {
    const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(server.pid)], { encoding: 'utf8' });
    for (const pid of [server.pid!, ...stdout.trim().split(/\s+/).filter(Boolean).map(Number)]) process.kill(pid, signal);
  }

  async function start(): Promise<ChildProcess> {
    const options = ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1'];
    const child = user.start('postgres', options);
    await untilReady(port, child);
    return child;
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await exited;
  }
}

/** PostgreSQL refuses to run as root. `setpriv` replaces itself by the server, so signals reach it. */
function unprivileged() {
  const isRoot = process.getuid?.() === 0;
  const uid = isRoot ? uidOf('postgres') : null;
  const prefix = uid === null ? [] : ['setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--'];
  const command = (program: string, options: string[]): [string, string[]] => {
    const [first, ...others] = [...prefix, findBinary(program) ?? program, ...options];
    return [first!, others];
  };
  const environment = { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8' };
  return {
    uid,
    run: (program: string, options: string[]) => {
      const { status, stderr } = spawnSync(...command(program, options), { encoding: 'utf8', env: environment, cwd: tmpdir() });
      if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
    },
    start: (program: string, options: string[]) =>
      spawn(...command(program, options), { stdio: 'ignore', env: environment, cwd: tmpdir() }),
  };
}

/** A connection's process may have ended since it was found. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).map(Number);
}

function uidOf(name: string): number {
  const { stdout } = spawnSync('id', ['-u', name], { encoding: 'utf8' });
  return Number(stdout.trim() || 65_534);
}

async function untilReady(port: number, server: ChildProcess): Promise<void> {
  const url = `postgres://laneway@127.0.0.1:${port}/postgres`;
  while (server.exitCode === null) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      const { rowCount } = await client.query(`select from pg_database where datname = 'laneway'`);
      if (rowCount === 0) await client.query('create database laneway');
      await client.end();
      return;
    } catch {
      await client.end().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error(`postgres ended with code ${server.exitCode} while it started`);
}
