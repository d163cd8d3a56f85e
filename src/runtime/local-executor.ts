import { randomUUID } from 'node:crypto';
import type {
  Attempt,
  AttemptOutcome,
  AttemptSink,
  CallingConvention,
  DeployedVersion,
  Entry,
  Executor,
  HttpExchange,
} from '../contract/executor.js';
import type { Isolation } from '../contract/words.js';
import type { WarmTarget, WarmWorkers } from '../contract/warm.js';
import { LanewayError, messageOf } from '../errors.js';
import { ActiveRun, type LoadOnly, type RunSurroundings } from './active-run.js';
import type { LocalExecutorOptions, LocalExecutorStats } from './executor-options.js';
import { killLeftovers } from './leftovers.js';
import { type LocalIsolation, refuseIsolation } from './local-isolation.js';
import { ServerGroups } from './limits/server-groups.js';
import { RunRegistry } from './run-registry.js';
import { WorkerStarter } from './start-worker.js';
import type { VersionLine } from './version-line.js';
import { VersionLines } from './version-lines.js';
import { WarmPool } from './warm-pool.js';
import { Watchdog } from './watchdog/watchdog.js';

/** The executor for deployed functions, with what only its own server asks of it. */
export interface LocalExecutor extends Executor, WarmWorkers {
  /** A secret has another value now: workers that were given the old one are not used again. */
  retireUsing(secret: string): void;
  stats(): LocalExecutorStats;
  /** Groups of worker processes that an earlier server left behind and that were killed at the start. */
  readonly leftoversKilled: number;
  /**
   * The leases of all queued runs that are here hold for so many milliseconds from now on: without a later word the watchdog
   * kills their worker processes before that. Belongs after each renewal, counted from before it was asked for, and after
   * the claim of a run when no other is held. Before the first word, and without a watchdog, nothing is killed.
   */
  leasesHoldUntil(msFromNow: number): void;
  /** The watchdog's process; null while there is none. */
  readonly watchdogPid: number | null;
}

/** Carries deployed functions out in threads and processes. Kills what an earlier boot left in `options.folder` first. */
export function createLocalExecutor(options: LocalExecutorOptions): LocalExecutor {
  return new PooledExecutor(options);
}

const noSink: AttemptSink = { log: () => undefined, progress: () => undefined, chunk: () => undefined };

class PooledExecutor implements LocalExecutor {
  readonly leftoversKilled: number;
  readonly #lines: VersionLines;
  readonly #pool: WarmPool;
  readonly #registry = new RunRegistry();
  readonly #options: LocalExecutorOptions;
  readonly #surroundings: RunSurroundings;
  readonly #watchdog: Watchdog | null;
  readonly #groups: ServerGroups;
  /** Under way, ahead of any call. */
  readonly #loads = new Map<VersionLine, Map<ActiveRun, Promise<string | null>>>();
  #closing: Promise<void> | null = null;

  constructor(options: LocalExecutorOptions) {
    this.leftoversKilled = killLeftovers(options.folder);
    this.#options = options;
    this.#lines = new VersionLines(options);
    this.#watchdog = this.#makeWatchdog(options);
    this.#groups = new ServerGroups(options);
    const { groups, processLimits: limits } = this.#groups;
    const starter = new WorkerStarter({ ...options, groups, limits, confinement: options.confinement.cells }, (scratch) =>
      this.#watchdog?.ended(scratch),
    );
    this.#pool = new WarmPool(options, (worker, listener) => starter.start(worker, listener), {
      watchdog: this.#watchdog,
      floors: { lineOf: (target) => this.#lineOf(target), load: (line) => this.#loadOne(line, true) },
    });
    this.#surroundings = { registry: this.#registry, maxLogBytes: options.limits.maxLogBytes, graceMs: options.graceMs };
  }

  execute(attempt: Attempt, sink: AttemptSink): Promise<AttemptOutcome> {
    return this.#submit(attempt, sink, { exchange: null, loadOnly: false });
  }

  exchange(attempt: Attempt, exchange: HttpExchange, sink: AttemptSink): Promise<AttemptOutcome> {
    return this.#submit(attempt, sink, { exchange, loadOnly: false });
  }

  conventionOf(version: DeployedVersion, entry: Entry, isolation: Isolation): CallingConvention | Promise<CallingConvention> {
    // A level that can't be had is refused by the run itself.
    if (
      entry.runtime !== 'node' ||
      !isLocal(isolation) ||
      refuseIsolation(isolation, version.manifest, this.#options.confinement) !== null
    )
      return 'payload';
    const line = this.#lines.of(version, entry, isolation);
    return line.convention ?? (line.loading ??= this.#loadAhead(line));
  }

  cancel(runId: string): void {
    const run = this.#registry.get(runId);
    if (run !== undefined) this.#pool.cancel(run);
  }

  retire(versionKey: string): void {
    this.#pool.retire(this.#lines.takeOut(versionKey));
    this.#pool.floors.onRetired(versionKey);
  }

  retireUsing(secret: string): void {
    for (const key of this.#lines.using(secret)) this.retire(key);
  }

  keepWarm(target: WarmTarget, min: number, onProblem: (problem: string) => void): void {
    if (this.#closing !== null) return;
    const refusal = this.#refusalOf(target);
    if (refusal === null) this.#pool.floors.set(target, min, onProblem);
    else if (min > 0) onProblem(refusal.message);
  }

  async warm(target: WarmTarget, count: number): Promise<string | null> {
    const refusal = this.#refusalOf(target);
    if (refusal !== null) return refusal.message;
    const line = this.#lineOf(target);
    while (line.workers.size < Math.min(count, line.cap)) {
      // Those that call the version before work for it now; only the first is worth the worker of another.
      const loading = this.#loadOne(line, line.workers.size === 0);
      if (loading === null) break;
    }
    if (line.workers.size === 0) return 'the server has no place for a worker now';
    const loads = this.#loads.get(line) ?? new Map<ActiveRun, Promise<string | null>>();
    const problems = await Promise.all(loads.values());
    return problems.find((problem) => problem !== null) ?? null;
  }

  workersOf(versionKey: string): number {
    return this.#lines.workersOf(versionKey);
  }

  workersInLane(functionName: string, lane: string): number {
    return this.#lines.workersInLane(functionName, lane);
  }

  leasesHoldUntil(msFromNow: number): void {
    this.#watchdog?.leasesHold(msFromNow);
  }

  get watchdogPid(): number | null {
    return this.#watchdog?.pid ?? null;
  }

  stats(): LocalExecutorStats {
    return { ...this.#pool.stats(), resources: this.#groups.description };
  }

  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  #submit(
    attempt: Attempt,
    sink: AttemptSink,
    how: { exchange: HttpExchange | null; loadOnly: LoadOnly | false },
  ): Promise<AttemptOutcome> {
    if (this.#closing !== null) return Promise.reject(new LanewayError('shutting_down'));
    const refusal = this.#refusalOf(attempt);
    if (refusal !== null) return Promise.reject(refusal);
    const run = new ActiveRun(attempt, sink, { ...how, surroundings: this.#surroundings });
    this.#pool.submit(run, this.#lineOf(attempt));
    return run.outcome;
  }

  /** Why this server can't have the level, or what the manifest wants of it. */
  #refusalOf({ isolation, version: { manifest } }: Pick<WarmTarget, 'isolation' | 'version'>): LanewayError | null {
    const refusal = refuseIsolation(isolation, manifest, this.#options.confinement);
    if (refusal !== null) return refusal;
    const unheld = this.#groups.refusalOf(manifest);
    return unheld === null ? null : new LanewayError('isolation_unavailable', { isolation, problem: unheld });
  }

  #lineOf({ version, entry, isolation }: WarmTarget): VersionLine {
    return this.#lines.of(version, entry, isolation as LocalIsolation);
  }

  /** One more worker of the line that loads it and waits; null when there is no place. Resolves with why it failed, or null. */
  #loadOne(line: VersionLine, mayEvict: boolean): Promise<string | null> | null {
    if (this.#closing !== null) return null;
    const how = { exchange: null, loadOnly: 'ahead', surroundings: this.#surroundings } as const;
    const makeRun = () => new ActiveRun(this.#loadAttempt(line), noSink, how);
    const run = this.#pool.load(line, { mayEvict, makeRun });
    if (run === null) return null;
    const loading = run.outcome.then((outcome) => (outcome.ok ? null : `${outcome.reason}: ${outcome.message}`), messageOf);
    this.#noteLoad(line, run, loading);
    return loading;
  }

  /** Who asks meanwhile how the version is called waits for this load. */
  #noteLoad(line: VersionLine, run: ActiveRun, loading: Promise<string | null>): void {
    const loads = this.#loads.get(line) ?? new Map<ActiveRun, Promise<string | null>>();
    this.#loads.set(line, loads.set(run, loading));
    const convention = loading.then(() => {
      loads.delete(run);
      if (loads.size === 0) this.#loads.delete(line);
      if (line.loading === convention) line.loading = null;
      return line.convention ?? 'payload';
    });
    line.loading ??= convention;
  }

  async #loadAhead(line: VersionLine): Promise<CallingConvention> {
    try {
      await this.#submit(this.#loadAttempt(line), noSink, { exchange: null, loadOnly: 'for_call' });
    } finally {
      line.loading = null;
    }
    return line.convention ?? 'payload';
  }

  #loadAttempt({ version, entry, more: { isolation } }: VersionLine): Attempt {
    return {
      runId: `load ${randomUUID()}`,
      attempt: 1,
      version,
      entry,
      isolation,
      timeoutMs: version.manifest.timeout_ms ?? this.#options.defaults.timeoutMs,
      traceparent: null,
      wait: 'bounded',
      callerId: null,
      payload: null,
      url: '',
      headers: {},
      parameters: {},
    };
  }

  async #close(graceMs: number): Promise<void> {
    this.#pool.floors.close();
    // Nobody waits for these, or not for long.
    for (const loads of this.#loads.values()) for (const run of loads.keys()) this.#pool.cancel(run);
    this.#pool.refuseWaiting();
    await this.#registry.drain(graceMs);
    await this.#pool.close();
    await this.#watchdog?.close();
    this.#groups.close();
  }

  #makeWatchdog({ folder, watchdog }: LocalExecutorOptions): Watchdog | null {
    if (watchdog === null) return null;
    const message = 'the worker was killed: the lease of its run was not renewed in time';
    const onKilling = (pids: readonly number[]) => this.#pool.lose(pids, { reason: 'worker_lost', message });
    return new Watchdog({ folder, marginMs: watchdog.marginMs, onKilling });
  }
}

function isLocal(isolation: Isolation): isolation is LocalIsolation {
  return isolation !== 'sandbox';
}
