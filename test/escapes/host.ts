import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createSocket, type Socket } from 'node:dgram';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import AdmZip from 'adm-zip';
import { type Bait, HostBait, Listener } from '../../src/cli/doctor/isolation/bait.js';
import { isolations } from '../../src/contract/words.js';
import { until } from '../until.js';
import { machine, ownAddresses } from './machine.js';
import { killProcesses, readText, residentBytes, statusOf } from './processes.js';

export type Level = 'thread' | 'process' | 'confined';

/** What attacks are told: all an attacker could find out or guess, so that only the wall is in their way. */
export interface AttackBait extends Bait {
  level: Level;
  server: Bait['server'] & { url: string; port: number; store: string; code: string; home: string };
  host: Bait['host'] & { udp: number; everywhere: number; addresses: string[] };
  victim: { folder: string; file: string };
}

/** How a run ended, as the server tells it. */
export interface Outcome {
  id: string;
  state: string;
  reason: string | null;
  message: string | null;
  isolation: string | null;
  /** JSON text; empty when there is none. */
  result: string;
  log: string;
}

export type Files = Record<string, string | Buffer>;

const fas = fileURLToPath(new URL('../../../bin/fas.js', import.meta.url));
const code = fileURLToPath(new URL('../../src/', import.meta.url));
const adminKey = `lw_testadmin_${randomBytes(20).toString('hex')}`;
/** So few that a function which opens files without end is soon done. */
export const openFilesAtMost = 2048;
const uploadMs = 12_000;
const wellWithinMs = 3000;

/** A server in a process of its own on a machine with bait on it, and two functions that others are not to reach. */
export class Host {
  /** Of this host alone: whatever carries it on the machine came from here. */
  readonly token = `escape-${randomBytes(6).toString('hex')}`;
  readonly folder = mkdtempSync(join(tmpdir(), 'laneway-escapes-'));
  /** In the server's environment. */
  readonly environmentSecret = `bait-${randomBytes(16).toString('hex')}`;
  /** In a file that whoever started the server left open in it. */
  readonly inheritedSecret = `bait-${randomBytes(16).toString('hex')}`;
  /** A secret of the victim's. */
  readonly victimSecret = `bait-${randomBytes(16).toString('hex')}`;
  /** In the victim's code, in its temporary folder, in its payload. */
  readonly victimCode = `bait-${randomBytes(16).toString('hex')}`;
  readonly victimFile = `bait-${randomBytes(16).toString('hex')}`;
  readonly victimPayload = `bait-${randomBytes(16).toString('hex')}`;
  readonly adminKey = adminKey;
  /** Whether the server gives functions this level on this machine; without, nothing can be run on it. */
  hasLevel = false;
  /** What decides on it whether some attacks can work at all. */
  machine = machine;
  url = '';
  /** What the server printed. */
  output = '';
  /** Runs of the victim that are under way, by runtime: each resolves when its run has ended. */
  readonly victims = new Map<string, Promise<Outcome>>();
  /** What was heard by UDP. */
  udpHeard = '';
  /** Whether somebody held the server's process (SIGSTOP); it was let go on at once. */
  wasHeld = false;
  /** The most files that the server's process was seen to have open. */
  filesAtMost = 0;
  /** By how much the server's memory grew during uploads. */
  memoryAtMost = 0;
  readonly #udp: Socket;
  #server: ChildProcess | null = null;
  #watch: NodeJS.Timeout | undefined;
  #victimFolder = '';

  static async open(level: Level, settings: Record<string, string> = {}): Promise<Host> {
    const udp = createSocket('udp4');
    udp.bind(0, '127.0.0.1');
    await once(udp, 'listening');
    const everywhere = await Listener.open({ host: '0.0.0.0', port: 0 });
    const host = new Host(level, { settings, bait: await HostBait.open(), udp, everywhere });
    writeFileSync(join(host.onHost.describe().folder, 'kept'), 'kept');
    writeFileSync(join(host.onHost.describe().folder, 'inherited'), host.inheritedSecret);
    try {
      await host.start();
      await host.#askWhatItOffers();
      if (host.hasLevel) await host.#putVictimsOut();
    } catch (error) {
      await host.close();
      throw error;
    }
    return host;
  }

  private constructor(
    readonly level: Level,
    readonly parts: { settings: Record<string, string>; bait: HostBait; udp: Socket; everywhere: Listener },
  ) {
    this.#udp = parts.udp;
    this.#udp.unref().on('message', (bytes) => (this.udpHeard += bytes.toString('latin1')));
  }

  get onHost(): HostBait {
    return this.parts.bait;
  }

  /** Listens at all addresses of the machine. */
  get everywhere(): Listener {
    return this.parts.everywhere;
  }

  get serverPid(): number {
    return this.#server?.pid ?? 0;
  }

  get dataFolder(): string {
    return join(this.folder, 'data');
  }

  get storeFolder(): string {
    return join(this.folder, 'store');
  }

  /** Whether the server's process runs, be it stopped or not. */
  get serverLives(): boolean {
    return this.#server !== null && this.#server.exitCode === null && this.#server.signalCode === null;
  }

  /** Starts the server, or starts it again when an attack ended it. */
  async start(): Promise<void> {
    if (this.serverLives) await this.#endServer();
    this.output = '';
    this.wasHeld = false;
    this.filesAtMost = 0;
    // A session of its own: what is sent to all of a group is not to reach the tests.
    const inherited = openSync(join(this.onHost.describe().folder, 'inherited'), 'r');
    const limited = `ulimit -n ${openFilesAtMost}; exec "$0" "$@"`;
    const server = spawn('/bin/sh', ['-c', limited, process.execPath, '--inspect-port=0', fas, 'serve'], {
      detached: true,
      // The last one is what a careless supervisor leaves open.
      stdio: ['ignore', 'pipe', 'pipe', ...Array.from({ length: 37 }, () => 'ignore' as const), inherited],
      env: {
        PATH: process.env['PATH'],
        HOME: this.folder,
        HOST_BAIT: this.environmentSecret,
        LANEWAY_PORT: '0',
        LANEWAY_DATA: this.dataFolder,
        LANEWAY_STORE: this.storeFolder,
        LANEWAY_ADMIN_KEY: adminKey,
        LANEWAY_DRAIN: '0s',
        ...this.parts.settings,
      },
    });
    closeSync(inherited);
    this.#server = server;
    for (const stream of [server.stdout!, server.stderr!]) stream.on('data', (bytes) => (this.output += String(bytes)));
    await until(() => /listening on (\S+)/.test(this.output) || !this.serverLives);
    if (!this.serverLives) throw new Error(`the server did not start: ${this.output}`);
    this.url = /listening on (\S+)/.exec(this.output)![1]!;
    clearInterval(this.#watch);
    this.#watch = setInterval(() => this.#look(), 50).unref();
  }

  /** Whether it answers. */
  async isWell(): Promise<boolean> {
    return fetch(`${this.url}/health`, { signal: AbortSignal.timeout(wellWithinMs) }).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  /** Resolves when it answers nobody any more. */
  async untilUnwell(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!(await this.isWell()) && !(await this.isWell())) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** What an attack by this name is told. */
  baitFor(name: string): AttackBait {
    return {
      marker: `${this.token}-${name}`,
      level: this.level,
      server: {
        pid: this.serverPid,
        data: this.dataFolder,
        keyFile: join(this.dataFolder, 'admin-key'),
        url: this.url,
        port: Number(new URL(this.url).port),
        store: this.storeFolder,
        code,
        home: this.folder,
      },
      host: {
        ...this.onHost.describe(),
        udp: this.#udp.address().port,
        everywhere: this.everywhere.port,
        addresses: ownAddresses().map(({ address }) => address),
      },
      victim: { folder: this.#victimFolder, file: join(this.#victimFolder, 'index.mjs') },
    };
  }

  async ask(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    const isZip = body instanceof Uint8Array;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${adminKey}`,
        ...(body === undefined ? {} : { 'content-type': isZip ? 'application/zip' : 'application/json' }),
      },
      ...(body === undefined ? {} : { body: isZip ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  }

  /** Pushes files as a zip. Rejects with what the server says when it refuses. */
  async push(name: string, files: Files, manifest: object = {}): Promise<void> {
    const zip = new AdmZip();
    const asked = JSON.stringify({ isolation: this.level, ...manifest });
    for (const [file, content] of Object.entries({ ...files, 'laneway.json': asked })) zip.addFile(file, Buffer.from(content));
    await this.pushZip(name, zip.toBuffer());
  }

  async pushZip(name: string, zip: Buffer): Promise<void> {
    const { status, text } = await this.ask('POST', `/api/v1/functions/${name}/lanes/latest/versions`, zip);
    if (status !== 201) throw new Error(`the push was refused: ${text}`);
  }

  async remove(name: string): Promise<void> {
    const { status, text } = await this.ask('DELETE', `/api/v1/functions/${name}/lanes/latest/versions/1.1`);
    if (status !== 200 && status !== 204) throw new Error(`${name} could not be deleted: ${text}`);
  }

  /** Runs a function and waits for its end. Rejects when the server is gone before. */
  async run(name: string, payload: unknown): Promise<Outcome> {
    const id = randomUUID();
    const { status, text } = await this.ask('POST', '/api/v1/runs', { function: name, payload, run_id: id });
    if (status === 409) return { id, state: 'refused', reason: null, message: text, isolation: null, result: '', log: '' };
    return this.outcomeOf(id);
  }

  /** Sends a function so many bytes, as fast as they are taken, until it answers or breaks off; and looks at the server meanwhile. */
  async upload(name: string, bytes: number): Promise<void> {
    const before = residentBytes(this.serverPid);
    const piece = new Uint8Array(256 * 1024);
    let left = bytes;
    const body = new ReadableStream({
      pull: (controller) => {
        this.memoryAtMost = Math.max(this.memoryAtMost, residentBytes(this.serverPid) - before);
        left -= piece.length;
        controller.enqueue(piece);
        if (left <= 0) controller.close();
      },
    });
    const headers = { authorization: `Bearer ${adminKey}` };
    const init = { method: 'POST', headers, body, duplex: 'half', signal: AbortSignal.timeout(uploadMs) };
    await fetch(`${this.url}/function/${name}`, init as RequestInit).then(
      (response) => response.arrayBuffer(),
      () => undefined,
    );
    this.memoryAtMost = Math.max(this.memoryAtMost, residentBytes(this.serverPid) - before);
  }

  async outcomeOf(id: string): Promise<Outcome> {
    // A list is read from the records: what waits to be written is written then.
    await this.ask('GET', '/api/v1/runs?limit=1');
    const run = JSON.parse((await this.ask('GET', `/api/v1/runs/${id}`)).text) as Omit<Outcome, 'result' | 'log'>;
    const result = run.state === 'succeeded' ? (await this.ask('GET', `/api/v1/runs/${id}/result`)).text : '';
    const log = (await this.ask('GET', `/api/v1/runs/${id}/log`)).text;
    return { ...run, result, log };
  }

  /** Whether a function that has nothing to do with it gives the right answer. */
  async bystanderIsRight(): Promise<boolean> {
    const number = Math.floor(Math.random() * 1e9);
    const { state, result, log } = await this.run('bystander', { number });
    return state === 'succeeded' && result === JSON.stringify({ next: number + 1 }) && log === `counted ${number}\n`;
  }

  /** Of all that was sent before this was asked. */
  async heardByUdp(words: string): Promise<boolean> {
    const last = randomUUID();
    this.#udp.send(last, this.#udp.address().port, '127.0.0.1');
    await until(() => this.udpHeard.includes(last));
    return this.udpHeard.includes(words);
  }

  /** Resolves when a victim's run is under way again. */
  async renewVictim(name: string): Promise<void> {
    const id = randomUUID();
    const ended = this.ask('POST', '/api/v1/runs', { function: name, payload: { said: this.victimPayload }, run_id: id }).then(
      () => this.outcomeOf(id),
    );
    ended.catch(() => undefined);
    this.victims.set(name, ended);
    await until(async () => (await this.ask('GET', `/api/v1/runs/${id}/log`)).text.includes('waits'));
  }

  /** Resolves with whether the victim's run, which nobody ended, has ended with these words. */
  async victimSaid(words: string): Promise<boolean> {
    const { text } = await this.ask('GET', '/api/v1/runs?function=victim&state=running');
    if ((JSON.parse(text) as { runs: unknown[] }).runs.length > 0) return false;
    return (await this.victims.get('victim')!).result.includes(words);
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    await this.#endServer();
    this.#udp.close();
    await this.everywhere.close();
    await this.onHost.close();
    killProcesses(this.token);
    for (const folder of ['/tmp', '/dev/shm']) {
      for (const name of readdirSync(folder).filter((file) => file.includes(this.token)))
        rmSync(join(folder, name), { recursive: true, force: true });
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #look(): void {
    if (!this.serverLives) return;
    if (statusOf(this.serverPid, 'State').startsWith('T')) {
      this.wasHeld = true;
      process.kill(this.serverPid, 'SIGCONT');
    }
    try {
      this.filesAtMost = Math.max(this.filesAtMost, readdirSync(`/proc/${this.serverPid}/fd`).length);
    } catch {
      // It has just ended.
    }
  }

  async #endServer(): Promise<void> {
    const server = this.#server;
    if (server === null || !this.serverLives) return;
    const gone = once(server, 'exit');
    // Its watchdog ends all that it started.
    server.kill('SIGKILL');
    await gone;
  }

  async #askWhatItOffers(): Promise<void> {
    const ready = JSON.parse((await this.ask('GET', '/ready')).text) as { isolation: { strongest: Level }; limits?: string };
    this.hasLevel = isolations.indexOf(ready.isolation.strongest) >= isolations.indexOf(this.level);
    const noGroups = ready.limits?.startsWith('cgroup') !== true;
    this.machine = { ...machine, noGroups, looseGroups: !noGroups && machine.looseGroups };
  }

  async #putVictimsOut(): Promise<void> {
    await this.ask('PUT', '/api/v1/secrets/VICTIM_SECRET', { value: this.victimSecret });
    const secrets = ['VICTIM_SECRET'];
    await this.push('bystander', { 'index.mjs': bystander });
    await this.push(
      'victim',
      { 'index.mjs': `const own = '${this.victimCode}';\n${victim(this.victimFile, this.token)}` },
      { secrets, timeout_ms: 600_000 },
    );
    await this.push(
      'victim-program',
      { 'run.sh': victimProgram(this.victimFile, this.token) },
      { ...program, secrets, timeout_ms: 600_000 },
    );
    this.#victimFolder = findFolderOf(this.storeFolder, this.victimCode);
    if (!(await this.bystanderIsRight())) throw new Error('the bystander does not work');
    await this.renewVictim('victim');
    await this.renewVictim('victim-program');
  }
}

export const program = { runtime: 'executable', entry: 'run.sh' };

const bystander = `export default ({ number }) => { console.log('counted ' + number); return { next: number + 1 }; };\n`;

/** Holds a secret, a payload and a file in its temporary folder, until it is cancelled. */
function victim(file: string, token: string): string {
  return `import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
export default async ({ said }, { signal, env }) => {
  writeFileSync(tmpdir() + '/${token}-victim-file', '${file}');
  console.log('waits', said, env.VICTIM_SECRET.length);
  await new Promise((resolve) => { setTimeout(resolve, 600_000); signal.addEventListener('abort', resolve); });
  return 'untouched';
};
`;
}

function victimProgram(file: string, token: string): string {
  return `#!/bin/sh\nprintf %s ${file} > "$TMPDIR/${token}-victim-file"\necho waits\nwhile :; do sleep 1; done\n`;
}

/** The unpacked version that holds the text. */
function findFolderOf(store: string, text: string): string {
  for (const file of readdirSync(store, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('index.mjs')) continue;
    const path = join(store, file);
    if (readText(path).includes(text)) return join(path, '..');
  }
  throw new Error(`no version in ${store} holds ${text}`);
}
