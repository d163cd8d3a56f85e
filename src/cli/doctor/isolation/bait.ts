import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type ListenOptions, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What is told to a probe: where the things are that it must not reach. It goes to the function as its payload. */
export interface Bait {
  /** Unlike any other text; what a probe leaves behind or sends carries it. */
  marker: string;
  server: { pid: number; data: string; keyFile: string };
  host: { file: string; folder: string; tcp: number; socket: string; abstract: string; process: number };
}

/** Things put out on the host beside the server: who reaches them from inside a function has got through its wall. */
export class HostBait {
  readonly folder: string;
  /** Content of `file`. */
  readonly secret = `bait-${randomBytes(16).toString('hex')}`;
  /** A process with the secret on its command line. */
  readonly process: ChildProcess;
  readonly #listeners: Listener[];

  /** Rejects when the machine gives no folder, socket or process. */
  static async open(): Promise<HostBait> {
    const folder = await mkdtemp(join(tmpdir(), 'laneway-bait-'));
    const tcp = await Listener.open({ host: '127.0.0.1', port: 0 });
    const socket = await Listener.open({ path: join(folder, 'socket') });
    const abstract = await Listener.open({ path: `\0${folder}` });
    const bait = new HostBait(folder, [tcp, socket, abstract]);
    await writeFile(join(folder, 'file'), bait.secret, { mode: 0o600 });
    await mkdir(join(folder, 'folder'));
    return bait;
  }

  private constructor(folder: string, listeners: Listener[]) {
    this.folder = folder;
    this.#listeners = listeners;
    this.process = spawn(process.execPath, ['-e', 'process.stdin.resume().on("end", process.exit)', this.secret], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {},
    });
    this.process.on('error', () => undefined);
  }

  get tcp(): Listener {
    return this.#listeners[0]!;
  }

  get socket(): Listener {
    return this.#listeners[1]!;
  }

  get abstract(): Listener {
    return this.#listeners[2]!;
  }

  describe(): Bait['host'] {
    return {
      file: join(this.folder, 'file'),
      folder: join(this.folder, 'folder'),
      tcp: this.tcp.port,
      socket: join(this.folder, 'socket'),
      abstract: this.folder,
      process: this.process.pid ?? 0,
    };
  }

  async close(): Promise<void> {
    this.process.kill('SIGKILL');
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Listens and keeps what is said to it. */
export class Listener {
  #heard = '';
  readonly #server: Server;
  readonly #at: ListenOptions;

  static async open(at: ListenOptions): Promise<Listener> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(at, resolve);
    });
    return new Listener(server, at);
  }

  private constructor(server: Server, at: ListenOptions) {
    this.#server = server;
    this.#at = at;
    server.unref();
    server.on('connection', (connection) => {
      connection.on('error', () => undefined);
      connection.on('data', (bytes) => {
        this.#heard += bytes.toString('latin1');
        connection.write('+PONG\r\n');
      });
      connection.unref();
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Whether the words came, of all that was sent before this was asked. */
  async heard(words: string): Promise<boolean> {
    return (await this.count(words)) > 0;
  }

  /** How often they came. */
  async count(words: string): Promise<number> {
    // What was sent before has arrived when this has.
    const last = `${randomBytes(8).toString('hex')}\n`;
    const connection = connect(this.port === 0 ? { path: this.#at.path! } : { host: '127.0.0.1', port: this.port });
    await new Promise<void>((resolve) => {
      connection.on('error', () => resolve());
      connection.on('data', () => resolve());
      connection.write(last);
    });
    connection.destroy();
    return this.#heard.split(words).length - 1;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      resolve();
    });
  }
}

/** What a probe tells of a secret that it read, so that the secret itself gets into no record. */
export function fingerprint(secret: string | Uint8Array): string {
  return createHash('sha256').update(secret).digest('hex');
}
