import type {
  Attempt,
  AttemptOutcome,
  AttemptSink,
  AttemptTimings,
  ColdReason,
  HttpExchange,
  LogStream,
} from '../contract/executor.js';
import type { FailureReason } from '../contract/words.js';
import type { LanewayError } from '../errors.js';
import type { PooledWorker } from './pooled-worker.js';
import type { RunRegistry } from './run-registry.js';
import { TextBudget } from './text-budget.js';
import type { VersionLine } from './version-line.js';

/** How a run failed, before its timings are added. */
export interface Failure {
  reason: FailureReason | 'cancelled';
  message: string;
  exitCode?: number;
}

/** What every run here is bound to. */
export interface RunSurroundings {
  registry: RunRegistry;
  maxLogBytes: number;
  graceMs: number;
}

/** `for_call`: somebody is about to call and has to know how; `ahead`: so that nobody who calls has to wait. */
export type LoadOnly = 'for_call' | 'ahead';

/**
 * One attempt on its way through here: waiting for a worker, on a worker, ended. Its outcome is given once.
 * A run without an exchange and with `loadOnly` ends when its version is loaded.
 */
export class ActiveRun {
  readonly outcome: Promise<AttemptOutcome>;
  readonly queuedAt = performance.now();
  cold: ColdReason | null = null;
  /** Where it is carried out or lies ready, as long as it does. */
  worker: PooledWorker | null = null;
  /** Whose line it stands in, or stood. */
  line: VersionLine | null = null;
  ended = false;
  /** Wanted to end: by its caller, or because its time is nearly over. */
  cancelled = false;
  signalAt = Infinity;
  killAt = Infinity;
  signalled = false;
  /** How often a worker gave it back although it was its turn. */
  returns = 0;
  /** Decided already, while the worker is still being killed. */
  verdict: Failure | null = null;
  #assignedAt = 0;
  #startedAt = 0;
  #resolve!: (outcome: AttemptOutcome) => void;
  #reject!: (refusal: LanewayError) => void;
  #log: TextBudget | null = null;
  #stream: TextBudget | null = null;

  constructor(
    readonly attempt: Attempt,
    readonly sink: AttemptSink,
    readonly more: { exchange: HttpExchange | null; loadOnly: LoadOnly | false; surroundings: RunSurroundings },
  ) {
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    more.surroundings.registry.add(this);
  }

  /** It got a worker; its time runs from here. */
  assign(): void {
    this.#assignedAt = performance.now();
    const { timeoutMs } = this.attempt;
    this.killAt = this.#assignedAt + timeoutMs;
    this.signalAt = this.killAt - Math.min(this.more.surroundings.graceMs, timeoutMs / 10);
  }

  /** Its function is called. */
  start(): void {
    this.#startedAt = performance.now();
  }

  /** What the worker measured: when it began is not seen from here, and when it ended maybe late. */
  noteTime(ms: number): void {
    const now = performance.now();
    this.#startedAt = Math.max(this.#startedAt, now - ms);
  }

  log(stream: LogStream, text: string): void {
    if (this.ended || text === '') return;
    this.#log ??= new TextBudget(this.more.surroundings.maxLogBytes);
    const { fitting, cut } = this.#log.take(text);
    if (fitting !== '') this.sink.log(stream, fitting);
    if (cut) this.sink.log('warn', `\n[log cut at ${this.#log.limit} bytes]\n`);
  }

  chunk(data: string): void {
    if (this.#fitsStream(data)) this.sink.chunk(data);
  }

  progress(fraction: number, message: string): void {
    // Sixteen for the number, so that empty messages are bounded too.
    if (this.#fitsStream(`${'#'.repeat(16)}${message}`)) this.sink.progress(fraction, message);
  }

  succeed(result: string | null): void {
    if (this.cancelled) return this.fail({ reason: 'cancelled', message: 'the run was cancelled' });
    if (this.verdict !== null) return this.fail(this.verdict);
    this.#end({ ok: true, result, timings: this.#timings() });
  }

  fail(failure: Failure): void {
    const decided =
      this.verdict ?? (this.cancelled ? { reason: 'cancelled' as const, message: 'the run was cancelled' } : failure);
    this.#end({ ok: false, ...decided, timings: this.#timings() });
  }

  /** Nothing of it was run. */
  refuse(refusal: LanewayError): void {
    if (this.ended) return;
    this.ended = true;
    this.more.surroundings.registry.remove(this);
    this.#reject(refusal);
  }

  #end(outcome: AttemptOutcome): void {
    if (this.ended) return;
    this.ended = true;
    this.more.surroundings.registry.remove(this);
    this.#resolve(outcome);
  }

  /** A value that does not fit is left out whole: half of a JSON text is none. */
  #fitsStream(data: string): boolean {
    if (this.ended) return false;
    this.#stream ??= new TextBudget(this.more.surroundings.maxLogBytes);
    const { fitting, cut } = this.#stream.take(data);
    if (cut) this.sink.log('warn', `[stream cut at ${this.#stream.limit} bytes]\n`);
    return !cut && fitting !== '';
  }

  #timings(): AttemptTimings {
    const now = performance.now();
    const assignedAt = this.#assignedAt || now;
    const startedAt = this.#startedAt || now;
    return {
      cold: this.cold,
      waitMs: microseconds(assignedAt - this.queuedAt),
      startMs: microseconds(startedAt - assignedAt),
      runMs: microseconds(now - startedAt),
    };
  }
}

/** Milliseconds with three digits behind the point: the rest is noise, and slow to write. */
function microseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
