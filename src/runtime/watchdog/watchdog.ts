import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { readProcess, serverName } from '../process-group.js';
import { type FromWatchdog, type Group, monotonicMs, type ToWatchdog } from './messages.js';

export interface WatchdogOptions {
  /** That of the executor: notes of processes lie there. */
  folder: string;
  /** How long before the leases end the workers are killed. */
  marginMs: number;
  /** It is about to kill these leaders' groups. */
  onKilling: (pids: readonly number[]) => void;
}

const entry = fileURLToPath(new URL('main.js', import.meta.url));
/** A first call comes before the start of it, and one that dies is not started again and again. */
const startDelayMs = 300;
const forgetDelayMs = 300;
const closeMs = 2000;
/** bounded: what is forgotten here is found when the server ends, or at the next start. */
const endedAtMost = 1000;

/**
 * The watchdog process, as its server sees it. Told at once which groups begin to carry queued runs, and later, together,
 * which do no more: a group is known a little too long rather than a little too late. Started when the first function
 * comes into a process, and again when it dies.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #carrying = new Set<number>();
  /** As the watchdog knows them. */
  readonly #told = new Set<number>();
  /** Ended while there was no watchdog to hear of it. */
  #ended: string[] = [];
  #untilMs: number | null = null;
  #child: ChildProcess | null = null;
  #starting: NodeJS.Timeout | null = null;
  #forgetting: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** There are processes to be ended when this server dies. */
  need(): void {
    if (this.#closed || this.#child !== null || this.#starting !== null) return;
    this.#starting = setTimeout(() => this.#start(), startDelayMs).unref();
  }

  /** The group of this leader carries a queued run from now on. */
  carries(pid: number): void {
    if (this.#carrying.size === 0 && this.#isOver()) this.#untilMs = null;
    this.#carrying.add(pid);
    this.#start();
    if (this.#told.has(pid)) return;
    this.#told.add(pid);
    this.#send({ type: 'carry', groups: groupsOf([pid]) });
  }

  /** It carries none any more. */
  drops(pid: number): void {
    if (!this.#carrying.delete(pid) || this.#forgetting !== null) return;
    this.#forgetting = setTimeout(() => {
      this.#forgetting = null;
      this.#tellGroups();
    }, forgetDelayMs).unref();
  }

  /** The worker of this temporary folder is gone. Before there was a need of a watchdog, there was no function in it. */
  ended(scratch: string): void {
    if (this.#child !== null) this.#send({ type: 'ended', scratch: [scratch] });
    else if (this.#starting !== null) this.#ended = [...this.#ended, scratch].slice(-endedAtMost);
  }

  /** All leases that are held now hold for this long from now on. */
  leasesHold(forMs: number): void {
    this.#untilMs = monotonicMs() + forMs - this.#options.marginMs;
    this.#send({ type: 'until', untilMs: this.#untilMs });
  }

  /** Its process id, for tests and for those who look; null while there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Resolves when it is gone. Belongs after the end of all workers. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of [this.#starting, this.#forgetting]) if (timer !== null) clearTimeout(timer);
    const child = this.#child;
    if (child?.pid === undefined) return;
    await new Promise<void>((resolve) => {
      const bound = setTimeout(() => child.kill('SIGKILL'), closeMs);
      child.once('exit', () => {
        clearTimeout(bound);
        resolve();
      });
      child.ref();
      child.stdin!.end();
    });
  }

  #start(): void {
    if (this.#starting !== null) clearTimeout(this.#starting);
    this.#starting = null;
    if (this.#closed || this.#child !== null) return;
    // In a session of its own: what ends the server's group or terminal must not end the watchdog before it.
    const child = spawn(
      process.execPath,
      ['--max-old-space-size=16', '--v8-pool-size=0', entry, this.#options.folder, serverName()],
      {
        cwd: '/',
        env: {},
        detached: true,
        stdio: ['pipe', 'pipe', 'ignore'],
      },
    );
    this.#child = child;
    child.on('error', () => this.#onGone(child));
    child.on('exit', () => this.#onGone(child));
    if (child.pid === undefined) return;
    child.unref();
    for (const stream of [child.stdin as Unrefable<Writable>, child.stdout as Unrefable<Readable>]) {
      stream.unref?.();
      stream.on('error', () => undefined);
    }
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(JSON.parse(line) as FromWatchdog));
    this.#tellGroups();
    this.#send({ type: 'until', untilMs: this.#untilMs });
    if (this.#ended.length > 0) this.#send({ type: 'ended', scratch: this.#ended });
    this.#ended = [];
  }

  #onGone(child: ChildProcess): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#told.clear();
    this.need();
  }

  #hear({ killing }: FromWatchdog): void {
    this.#untilMs = null;
    this.#options.onKilling(killing);
  }

  #tellGroups(): void {
    this.#told.clear();
    for (const pid of this.#carrying) this.#told.add(pid);
    this.#send({ type: 'groups', groups: groupsOf(this.#carrying) });
  }

  #isOver(): boolean {
    return this.#untilMs !== null && this.#untilMs <= monotonicMs();
  }

  #send(message: ToWatchdog): void {
    const input = this.#child?.stdin;
    if (input !== undefined && input !== null && !input.destroyed) input.write(`${JSON.stringify(message)}\n`);
  }
}

type Unrefable<Stream> = Stream & { unref?: () => void };

function groupsOf(pids: Iterable<number>): Group[] {
  return [...pids].flatMap((pid) => {
    const facts = readProcess(pid);
    return facts === null ? [] : [[pid, facts.startTime] as const];
  });
}
