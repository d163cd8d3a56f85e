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
import { LanewayError } from '../errors.js';
import { ActiveRun, type RunSurroundings } from './active-run.js';
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
export interface LocalExecutor extends Executor {
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
    this.#pool = new WarmPool(options, (worker, listener) => starter.start(worker, listener), this.#watchdog);
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
    return line.convention ?? (line.loading ??= this.#loadAhead(line, isolation));
  }

  cancel(runId: string): void {
    const run = this.#registry.get(runId);
    if (run !== undefined) this.#pool.cancel(run);
  }

  retire(versionKey: string): void {
    this.#pool.retire(this.#lines.takeOut(versionKey));
  }

  retireUsing(secret: string): void {
    for (const key of this.#lines.using(secret)) this.retire(key);
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
    how: { exchange: HttpExchange | null; loadOnly: boolean },
  ): Promise<AttemptOutcome> {
    if (this.#closing !== null) return Promise.reject(new LanewayError('shutting_down'));
    const { isolation, version } = attempt;
    const refusal = refuseIsolation(isolation, version.manifest, this.#options.confinement);
    if (refusal !== null) return Promise.reject(refusal);
    const unheld = this.#groups.refusalOf(version.manifest);
    if (unheld !== null) return Promise.reject(new LanewayError('isolation_unavailable', { isolation, problem: unheld }));
    const run = new ActiveRun(attempt, sink, { ...how, surroundings: this.#surroundings });
    this.#pool.submit(run, this.#lines.of(version, attempt.entry, isolation as LocalIsolation));
    return run.outcome;
  }

  async #loadAhead(line: VersionLine, isolation: Isolation): Promise<CallingConvention> {
    const { version, entry } = line;
    const attempt: Attempt = {
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
    try {
      await this.#submit(attempt, noSink, { exchange: null, loadOnly: true });
    } finally {
      line.loading = null;
    }
    return line.convention ?? 'payload';
  }

  async #close(graceMs: number): Promise<void> {
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
