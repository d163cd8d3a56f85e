import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Attempt, AttemptOutcome, AttemptSink, DeployedVersion, Entry, LogStream } from '../../src/contract/executor.js';
import type { Manifest } from '../../src/contract/manifest.js';
import { type ConfinementOptions, noConfinement, openConfinement } from '../../src/runtime/confinement/open-confinement.js';
import type { LocalExecutorOptions } from '../../src/runtime/executor-options.js';
import { findBinary } from '../servers/find-binary.js';
import { createLocalExecutor, type LocalExecutor } from '../../src/runtime/local-executor.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
export const fixtures = join(root, 'test/fixtures/functions');

/** Of all executors of this file. Tests of what needs it say so by `skipWithout('bwrap')`. */
export const confinementOptions = makeConfinementOptions();
export const confinement = findBinary('bwrap') === null ? noConfinement : await openConfinement(confinementOptions);
/** The levels at which a worker is a process: what holds for one holds for the other. */
export const processLevels = confinement.cells === null ? (['process'] as const) : (['process', 'confined'] as const);
export const levels = ['thread', ...processLevels] as const;

type OnEveryWall<Row> = Row extends readonly [infer Level, ...infer Rest] ? readonly [Level | 'confined', ...Rest] : never;

/** Each row that is about `process`, once for every level at which a worker is one. */
export function onEveryWall<const Row extends readonly ['thread' | 'process', ...unknown[]]>(rows: readonly Row[]) {
  const walls = ([level, ...rest]: Row) => (level === 'thread' ? [level] : processLevels).map((wall) => [wall, ...rest]);
  return rows.flatMap(walls) as unknown as OnEveryWall<Row>[];
}

function makeConfinementOptions(): ConfinementOptions {
  const folder = mkdtempSync(join(tmpdir(), 'laneway-confinement-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { folder, slots: join(folder, 'slots'), hidden: [folder], tmpBytes: 4 * 1024 * 1024, outbound: 'own' };
}

type Overrides = Partial<Omit<LocalExecutorOptions, 'limits' | 'defaults' | 'spares'>> & {
  spares?: Partial<LocalExecutorOptions['spares']>;
  limits?: Partial<LocalExecutorOptions['limits']>;
  defaults?: Partial<LocalExecutorOptions['defaults']>;
};

/** Options with small limits and no spares, so that what a test sees is what it asked for. */
export function executorOptions(folder: string, overrides: Overrides = {}): LocalExecutorOptions {
  return {
    folder,
    idleMs: 60_000,
    graceMs: 100,
    watchdog: null,
    python: 'auto',
    secretsFor: () => ({}),
    confinement,
    ...overrides,
    spares: { threads: 0, processes: 0, pythons: 0, wall: 'process', ...overrides.spares },
    defaults: { memoryMb: 128, processes: 64, concurrency: 4, timeoutMs: 30_000, ...overrides.defaults },
    limits: {
      maxMemoryMb: 512,
      maxProcesses: 256,
      openFiles: 1024,
      scratchBytes: 64 * 1024 * 1024,
      maxResultBytes: 1_000_000,
      maxLogBytes: 100_000,
      maxWorkers: 16,
      maxWarm: 8,
      maxWaiting: 10,
      ...overrides.limits,
    },
  };
}

/** An executor in a folder of its own; closed and deleted after the test. */
export function makeExecutor(t: TestContext, overrides: Overrides = {}): LocalExecutor {
  const folder = mkdtempSync(join(tmpdir(), 'laneway-runtime-'));
  const executor = createLocalExecutor(executorOptions(folder, overrides));
  t.after(async () => {
    await executor.close(0);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return executor;
}

/** A fixture as if it were deployed; `name/file` with the runtime told by the file's ending. */
export function deploy(path: string, manifest: Manifest = {}, handler?: string): DeployedVersion {
  const [name, file] = path.split('/') as [string, string];
  const runtime = file.endsWith('.py') ? 'python' : /\.[cm]?js$/.test(file) ? 'node' : 'executable';
  const entry: Entry = { runtime, file, ...(handler === undefined ? {} : { handler }) };
  return {
    function: name,
    lane: 'latest',
    version: '1.1',
    key: `${path}#${handler}`,
    folder: join(fixtures, name),
    manifest,
    entry,
    files: [file],
  };
}

export type AttemptChoice = Partial<Omit<Attempt, 'version' | 'entry' | 'payload'>> & { payload?: unknown; text?: string };

export function attemptOf(version: DeployedVersion, choice: AttemptChoice = {}): Attempt {
  const { payload, text, ...rest } = choice;
  return {
    runId: randomUUID(),
    attempt: 1,
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    version,
    entry: version.entry,
    isolation: 'thread',
    timeoutMs: 30_000,
    wait: 'bounded',
    callerId: null,
    payload: text ?? (payload === undefined ? null : JSON.stringify(payload)),
    url: '/run',
    headers: {},
    parameters: {},
    ...rest,
  };
}

/** Remembers everything that a run said. */
export class Ear implements AttemptSink {
  readonly logs: [LogStream, string][] = [];
  readonly chunks: string[] = [];
  readonly progresses: [number, string][] = [];
  readonly order: string[] = [];

  log(stream: LogStream, text: string): void {
    this.logs.push([stream, text]);
    this.order.push(`log ${text}`);
  }
  progress(fraction: number, message: string): void {
    this.progresses.push([fraction, message]);
    this.order.push(`progress ${fraction}`);
  }
  chunk(data: string): void {
    this.chunks.push(data);
    this.order.push(`chunk ${data}`);
  }
  get text(): string {
    return this.logs.map(([, text]) => text).join('');
  }
}

/** Runs once and gives the outcome with everything heard. */
export async function runOnce(
  executor: LocalExecutor,
  version: DeployedVersion,
  choice: AttemptChoice = {},
): Promise<{ outcome: AttemptOutcome; ear: Ear }> {
  const ear = new Ear();
  return { outcome: await executor.execute(attemptOf(version, choice), ear), ear };
}

/** The parsed result of a run that must succeed. */
export async function resultOf(executor: LocalExecutor, version: DeployedVersion, choice: AttemptChoice = {}): Promise<unknown> {
  const { outcome, ear } = await runOnce(executor, version, choice);
  if (!outcome.ok) throw new Error(`${outcome.reason}: ${outcome.message}\n${ear.text}`);
  return JSON.parse(outcome.result ?? 'null');
}

/** Waits until the condition holds; the test's own time limit is the bound. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

/** Whether a process is there and is no zombie. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Pids of living processes whose environment has this text: a worker and what it started share their TMPDIR. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && isAlive(pid) && environmentOf(pid).includes(text));
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}
