import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBinary } from './find-binary.js';
import { findFreePort } from './free-port.js';

/** A redis-server of the test's own, with data that survives `kill` and `restart`. */
export interface RedisServer {
  url: string;
  port: number;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
  /** kill -9; `restart` brings it back. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the data it had. */
  restart(): Promise<void>;
  /** Deletes all data. */
  flush(): Promise<void>;
  /** Stops (or lets go on) the process without closing its connections, as a machine that hangs would. */
  freeze(): void;
  thaw(): void;
}

/** Starts a Redis on a free port and resolves when it answers. Throws when redis-server is missing: see `skipWithout`. */
export async function startRedis(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'laneway-redis-'));
  const port = await findFreePort();
  let server = await launch(folder, port);

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGCONT');
    server.kill(signal);
    await exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    async stop() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM');
      server = await launch(folder, port);
    },
    async flush() {
      await ask(port, 'FLUSHALL');
    },
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
  };
}

async function launch(folder: string, port: number): Promise<ChildProcess> {
  const binary = findBinary('redis-server');
  if (binary === null) throw new Error('redis-server is not installed');
  const settings = { port: String(port), bind: '127.0.0.1', dir: folder, save: '', appendonly: 'yes', appendfsync: 'no' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const server = spawn(binary, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let log = '';
  server.stdout.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-4000)));
  while (!(await answers(port))) {
    if (server.exitCode !== null) throw new Error(`redis-server did not start:\n${log}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return server;
}

async function answers(port: number): Promise<boolean> {
  return (await ask(port, 'PING').catch(() => '')).startsWith('+PONG');
}

async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.end(`${command}\r\nQUIT\r\n`);
    let answer = '';
    for await (const chunk of socket.setEncoding('utf8')) answer += String(chunk);
    return answer;
  } finally {
    socket.destroy();
  }
}
