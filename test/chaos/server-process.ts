import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Guard } from './break-guard.js';
import type { Arming } from './kill-at-step.js';
import type { FromServer, Measurement, ServerStart, ToServer } from './server-messages.js';

const program = fileURLToPath(new URL('./server.js', import.meta.url));
const startMs = 60_000;

export interface ServerOptions {
  name: string;
  /** Of its own; data, store and log are in it. */
  folder: string;
  /** Settings by their full names. */
  settings: Record<string, string>;
  brokenGuard?: Guard;
  tellStallsMs: number;
  onStalled: (ms: number) => void;
  /** It ended, and nobody had asked for that. */
  onCrash: (problem: string) => void;
}

/** One server, started again and again on the same folder. */
export class ServerProcess {
  /** Where it listens; null while it does not. */
  url: string | null = null;
  /** How often it was started. */
  starts = 0;
  #child: ChildProcess | null = null;
  #mayEnd = false;

  constructor(readonly options: ServerOptions) {
    mkdirSync(options.folder, { recursive: true });
  }

  get name(): string {
    return this.options.name;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get dataFolder(): string {
    return join(this.options.folder, 'data');
  }

  /** Resolves with true when it listens, or with false when it died before at the step it was armed with. */
  async start(armed: Arming | null = null): Promise<boolean> {
    const { folder, settings, brokenGuard, name, tellStallsMs, onStalled } = this.options;
    const start: ServerStart = { logFile: join(folder, 'log'), tellStallsMs, armed, brokenGuard: brokenGuard ?? null };
    const child = spawn(process.execPath, [program, JSON.stringify(start)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        LANEWAY_PORT: '0',
        LANEWAY_DATA: this.dataFolder,
        LANEWAY_STORE: join(folder, 'store'),
        ...settings,
      },
    });
    this.starts += 1;
    this.#child = child;
    this.#mayEnd = armed !== null;
    child.once('exit', (code, signal) => this.#ended(child, `${name} ended with ${signal ?? `code ${code}`}`));
    const listening = new Promise<true>((resolve) => {
      child.on('message', (message: FromServer) => {
        if (message.type === 'stalled') onStalled(message.ms);
        if (message.type !== 'listening') return;
        this.url = message.url;
        resolve(true);
      });
    });
    const died = once(child, 'exit').then(() => false as const);
    const late = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => reject(new Error(`${name} did not start within ${startMs} ms`)), startMs);
      timer.unref();
      void listening.then(() => clearTimeout(timer));
    });
    const listens = await Promise.race([listening, died, late]);
    if (!listens && armed === null) throw new Error(`${name} ended while it started; see ${start.logFile}`);
    if (listens && armed === null) this.#mayEnd = false;
    return listens;
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    const gone = this.untilGone();
    this.#mayEnd = true;
    this.#child?.kill('SIGKILL');
    await gone;
  }

  /** SIGTERM; resolves with the exit code, or null when it was killed on its way. */
  async drain(): Promise<number | null> {
    const child = this.#child;
    if (child === null) return 0;
    this.#mayEnd = true;
    const exited = once(child, 'exit') as Promise<[number | null]>;
    child.kill('SIGTERM');
    return (await exited)[0];
  }

  async untilGone(): Promise<void> {
    if (this.#child !== null) await once(this.#child, 'exit');
  }

  /** SIGSTOP, as a machine that hangs would; its workers go on. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child?.kill('SIGCONT');
  }

  /** It dies at a step; null takes that back. */
  arm(arming: Arming | null): void {
    this.#mayEnd = arming !== null;
    this.#tell({ type: 'arm', arming });
  }

  /** Pids of its worker processes. */
  workers(): number[] {
    if (this.pid === null) return [];
    const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(this.pid)], { encoding: 'utf8' });
    return stdout.split('\n').filter(Boolean).map(Number);
  }

  openFiles(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  async measure(): Promise<Measurement> {
    const child = this.#child!;
    const measured = new Promise<Measurement>((resolve) => {
      const listen = (message: FromServer) => {
        if (message.type !== 'measured') return;
        child.off('message', listen);
        resolve(message);
      };
      child.on('message', listen);
    });
    this.#tell({ type: 'measure' });
    return measured;
  }

  #tell(message: ToServer): void {
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }

  #ended(child: ChildProcess, problem: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.url = null;
    if (!this.#mayEnd) this.options.onCrash(problem);
  }
}
