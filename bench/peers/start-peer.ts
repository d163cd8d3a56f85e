import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.js';
import { timePost } from '../http-post.js';

/** A server beside Laneway, in a process of its own as Laneway is. */
export interface Peer {
  url: string;
  /** Where it answers a POST with its body. */
  echoUrl: string;
  pid: number;
  /** From spawn to its first good answer, or to the line that says it listens. */
  readyMs: number;
  stop(): Promise<void>;
}

/** Runs one of these files with node; it prints its URL. */
export async function startPeer(file: string, ...args: string[]): Promise<Peer> {
  const started = performance.now();
  const child = spawn(process.execPath, [new URL(file, import.meta.url).pathname, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: peerEnvironment(),
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listening on (http\S+)/.exec(line)?.[1];
    if (url !== undefined) return peerOf(child, { url, path: '/function/echo', started });
  }
  throw new Error(`${file} ended before it listened`);
}

/** Runs a program that is told its port, and waits until it answers a POST. Throws, with what it said, when it ends instead. */
export async function startProgram(program: {
  command: string;
  args: (port: number) => string[];
  cwd?: string;
  /** Where it wants to be called. */
  path: string;
}): Promise<Peer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = performance.now();
  const child = spawn(program.command, program.args(port), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: peerEnvironment(),
    ...(program.cwd === undefined ? {} : { cwd: program.cwd }),
  });
  let said = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (data: Buffer) => (said = (said + data).slice(-2000)));
  let problem: Error | null = null;
  child.once('error', (error) => (problem = error));
  child.once('exit', () => (problem ??= new Error(`${program.command} ended: ${said.trim()}`)));
  while (!(await answers(url + program.path))) {
    if (problem !== null) throw problem;
    if (performance.now() - started > 20_000) {
      child.kill('SIGKILL');
      throw new Error(`${program.command} did not answer within 20 s: ${said.trim()}`);
    }
    await sleep(1);
  }
  return peerOf(child, { url, path: program.path, started });
}

/** What node servers are run with where their speed counts. */
function peerEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_ENV: 'production' };
}

async function answers(url: string): Promise<boolean> {
  return timePost(url).then(
    () => true,
    () => false,
  );
}

function peerOf(child: ChildProcess, { url, path, started }: { url: string; path: string; started: number }): Peer {
  child.stdout?.resume();
  return {
    url,
    echoUrl: url + path,
    pid: child.pid!,
    readyMs: performance.now() - started,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
