import type { CallingConvention, ColdReason, DeployedVersion, Entry } from '../contract/executor.js';
import type { ActiveRun } from './active-run.js';
import type { LocalExecutorOptions } from './executor-options.js';
import type { WorkerKind, WorkerOptions } from './function-worker.js';
import { type LocalIsolation, wallOf } from './local-isolation.js';
import { messageSlack, type FetchMessage, type LoadMessage, type RunMessage } from './messages.js';
import { buildEnvelope } from './payload-envelope.js';
import type { PooledWorker } from './pooled-worker.js';
import { withTrace } from './with-trace.js';

/** As its worker sees it. */
const quickMs = 0.2;

type Settings = Pick<LocalExecutorOptions, 'defaults' | 'limits' | 'confinement'>;

/** One way of running one version (entry and isolation included): its workers, the runs waiting for one, and what both are told. */
export class VersionLine {
  readonly idle: PooledWorker[] = [];
  readonly workers = new Set<PooledWorker>();
  /** First in, first out. */
  readonly waiting = new Set<ActiveRun>();
  convention: CallingConvention | null;
  /** Under way when somebody asked for the convention before any run. */
  loading: Promise<CallingConvention> | null = null;
  /** Its version was deleted or changed its secrets: no worker of it outlives its run. */
  retired = false;
  /** Why there is no warm worker when there is none at all. */
  emptyBecause: ColdReason = 'first_call';
  /** How long a run takes in the function, of late, in milliseconds. */
  typicalMs = Infinity;
  readonly fresh: boolean;
  readonly cap: number;
  readonly workerOptions: WorkerOptions;
  readonly #forwarded: readonly string[];

  constructor(
    readonly version: DeployedVersion,
    readonly entry: Entry,
    readonly more: { isolation: LocalIsolation; settings: Settings },
  ) {
    const { manifest } = version;
    const { defaults, limits } = more.settings;
    const kind = kindOf(entry, more.isolation);
    this.fresh = manifest.fresh === true || kind === 'executable';
    this.cap = manifest.concurrency ?? defaults.concurrency;
    this.convention = kind === 'python' || kind === 'executable' ? 'payload' : null;
    this.workerOptions = {
      kind,
      wall: wallOf(more.isolation, manifest, more.settings.confinement),
      memoryMb: Math.min(manifest.memory_mb ?? defaults.memoryMb, limits.maxMemoryMb),
      cpus: manifest.cpu ?? null,
      processes: Math.min(manifest.max_processes ?? defaults.processes, limits.maxProcesses),
      maxMessageBytes: Math.max(limits.maxResultBytes, 3 * limits.maxLogBytes) + messageSlack,
    };
    this.#forwarded = (manifest.forward_headers ?? []).map((name) => name.toLowerCase());
  }

  get settings(): Settings {
    return this.more.settings;
  }

  /** Its runs do nothing but compute, and briefly: they wait for nobody. */
  get isQuick(): boolean {
    return this.typicalMs < quickMs;
  }

  get firstWaiting(): ActiveRun | undefined {
    for (const run of this.waiting) return run;
    return undefined;
  }

  /** A run took so long in the function, where that is measured. */
  noteTime(ms: number): void {
    // One that was interrupted by others counts as slow, not by how long.
    const counted = Math.min(ms, 1);
    this.typicalMs = this.typicalMs === Infinity ? counted : this.typicalMs + 0.05 * (counted - this.typicalMs);
  }

  /** A run made others wait that had been sent ahead: the function has to prove itself anew. */
  noteStall(): void {
    this.typicalMs = 1;
  }

  /** Before all others that wait, in this order. */
  waitFirst(runs: readonly ActiveRun[]): void {
    const others = [...this.waiting];
    this.waiting.clear();
    for (const run of runs) this.waiting.add(run);
    for (const run of others) this.waiting.add(run);
  }

  /** Why a worker has to be started now. */
  get coldReason(): ColdReason {
    if (this.fresh) return 'fresh';
    return this.workers.size > 0 ? 'all_busy' : this.emptyBecause;
  }

  loadMessage(env: Record<string, string>): LoadMessage {
    const { limits } = this.settings;
    return {
      type: 'load',
      function: this.version.function,
      lane: this.version.lane,
      version: this.version.version,
      folder: this.version.folder,
      file: this.entry.file,
      handler: this.entry.handler ?? null,
      env,
      limits: { resultBytes: limits.maxResultBytes, logBytes: limits.maxLogBytes },
      network: this.version.manifest.network ?? 'none',
    };
  }

  runMessage(run: ActiveRun, number: number): RunMessage {
    const { attempt } = run;
    return {
      type: 'run',
      run: number,
      runId: attempt.runId,
      callerId: attempt.callerId,
      attempt: attempt.attempt,
      traceparent: attempt.traceparent,
      deadline: deadlineOf(run),
      headers: this.#forwardedOf(attempt.headers),
      parameters: attempt.parameters,
      url: this.convention === 'fetch' ? attempt.url : '',
      data: this.version.manifest.payload === 'envelope' ? buildEnvelope(attempt) : attempt.payload,
    };
  }

  fetchMessage(run: ActiveRun, number: number): FetchMessage {
    const { attempt } = run;
    const exchange = run.more.exchange!;
    return {
      type: 'fetch',
      run: number,
      runId: attempt.runId,
      callerId: attempt.callerId,
      attempt: attempt.attempt,
      traceparent: attempt.traceparent,
      deadline: deadlineOf(run),
      headers: this.#forwardedOf(attempt.headers),
      parameters: attempt.parameters,
      method: exchange.method,
      url: exchange.url,
      requestHeaders: withTrace(exchange.headers, attempt.traceparent),
      hasBody: exchange.body !== null,
    };
  }

  #forwardedOf(headers: Readonly<Record<string, string>>): Record<string, string> {
    const forwarded: Record<string, string> = {};
    for (const name of this.#forwarded) {
      const value = headers[name];
      if (value !== undefined) forwarded[name] = value;
    }
    return forwarded;
  }
}

/** Epoch milliseconds; a little early for a run that is sent ahead. */
function deadlineOf({ attempt }: ActiveRun): number {
  return Date.now() + attempt.timeoutMs;
}

/** Python and executables have no thread: they get the next stronger wall. */
function kindOf(entry: Entry, isolation: LocalIsolation): WorkerKind {
  if (entry.runtime === 'node') return isolation === 'thread' ? 'thread' : 'node';
  return entry.runtime;
}
