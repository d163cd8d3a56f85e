import { LanewayError, messageOf } from '../errors.js';
import type { ActiveRun, Failure } from './active-run.js';
import { CoarseClock } from './coarse-clock.js';
import { CpuWatch } from './cpu-watch.js';
import { DiskWatch } from './disk-watch.js';
import type { LocalExecutorOptions, LocalExecutorStats } from './executor-options.js';
import type { FunctionWorker, WorkerListener, WorkerOptions } from './function-worker.js';
import { MemoryWatch } from './memory-watch.js';
import { messageSlack } from './messages.js';
import { PooledWorker, type WorkerOwner } from './pooled-worker.js';
import { RunsAhead } from './runs-ahead.js';
import { SpareWorkers } from './spare-workers.js';
import { StopWatch } from './stop-watch.js';
import type { VersionLine } from './version-line.js';
import { WarmFloors, type FloorPool } from './warm-floors.js';
import type { Watchdog } from './watchdog/watchdog.js';

type Start = (options: WorkerOptions, listener: WorkerListener) => FunctionWorker;

const closeMs = 5000;

/**
 * Brings runs and workers together. A run takes an idle worker of its line; else, while the line is below its cap and
 * the server has a place (or an idle worker of another line that can go), a spare or a new worker; else it waits in its
 * line. A worker that becomes free serves its own line first, unless another line has waited longer for a place.
 */
export class WarmPool implements WorkerOwner {
  /** All that have or had a version, until they are gone. */
  readonly #workers = new Set<PooledWorker>();
  /** Lines with waiting runs. */
  readonly #crowded = new Set<VersionLine>();
  readonly #spares: SpareWorkers;
  readonly #clock: CoarseClock;
  readonly #runsAhead = new RunsAhead();
  readonly floors: WarmFloors;
  readonly #memory = new MemoryWatch();
  readonly #cpu = new CpuWatch();
  readonly #disk: DiskWatch;
  readonly #stops = new StopWatch();
  readonly #retirement: NodeJS.Timeout;
  readonly watchdog: Watchdog | null;
  readonly #coldStarts: LocalExecutorStats['coldStarts'] = {
    first_call: 0,
    other_version: 0,
    all_busy: 0,
    fresh: 0,
    worker_ended: 0,
    idle_retired: 0,
  };
  #warmLoads = 0;
  #places: number;
  #closed = false;
  #whenGone: (() => void) | null = null;

  constructor(
    readonly options: LocalExecutorOptions,
    readonly start: Start,
    more: { watchdog: Watchdog | null; floors: FloorPool },
  ) {
    this.watchdog = more.watchdog;
    const { limits, defaults } = options;
    this.#places = limits.maxWorkers;
    this.#disk = new DiskWatch(limits.scratchBytes);
    this.floors = new WarmFloors(more.floors, limits.maxWarm);
    this.#clock = new CoarseClock((now) => this.#watch(now));
    this.#retirement = setInterval(() => this.#retireIdle(), Math.min(Math.max(options.idleMs / 4, 20), 5000)).unref();
    this.#spares = new SpareWorkers(options, {
      wall: options.spares.wall,
      memoryMb: Math.min(defaults.memoryMb, limits.maxMemoryMb),
      processes: defaults.processes,
      maxMessageBytes: Math.max(limits.maxResultBytes, 3 * limits.maxLogBytes) + messageSlack,
      start: (workerOptions) => new PooledWorker(workerOptions, start, this),
    });
  }

  submit(run: ActiveRun, line: VersionLine): void {
    run.line = line;
    this.#clock.stir();
    this.#place(run, line);
  }

  /** Starts a worker that only loads; null when it can't have a place. Idle workers may make room for it. */
  load(line: VersionLine, more: { mayEvict: boolean; makeRun: () => ActiveRun }): ActiveRun | null {
    if (this.#closed || line.retired || line.workers.size >= line.cap) return null;
    if (this.#places <= 0 && !(more.mayEvict && this.#hasPlaceFor(line))) return null;
    const run = more.makeRun();
    run.line = line;
    this.#startWorker(run, line);
    return run;
  }

  cancel(run: ActiveRun): void {
    if (run.worker !== null) return run.worker.cancel(run);
    if (!this.#leaveLine(run)) return;
    run.fail({ reason: 'cancelled', message: 'the run was cancelled before it started' });
  }

  /** Workers of these lines end as soon as they have no run. */
  retire(lines: readonly VersionLine[]): void {
    for (const line of lines) {
      line.retired = true;
      for (const worker of line.idle.splice(0)) worker.kill();
    }
  }

  /** Refuses what waits; resolves when every worker has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.floors.close();
    clearInterval(this.#retirement);
    this.refuseWaiting();
    this.#spares.close();
    this.#runsAhead.close();
    for (const worker of this.#workers) worker.kill({ reason: 'worker_lost', message: 'the server was shut down' });
    this.#clock.stir();
    await new Promise<void>((resolve) => {
      // A thread that hangs in native code can not be ended; it ends with the server.
      const bound = setTimeout(resolve, closeMs);
      this.#whenGone = () => {
        clearTimeout(bound);
        resolve();
      };
      this.#tellWhenGone();
    });
    this.#clock.stop();
  }

  refuseWaiting(): void {
    for (const line of this.#crowded) {
      for (const run of line.waiting) run.refuse(new LanewayError('shutting_down'));
      line.waiting.clear();
    }
    this.#crowded.clear();
  }

  onFree(worker: PooledWorker): void {
    const line = worker.line!;
    if (line.fresh && !worker.loadedAhead) return worker.kill();
    if (line.retired || (this.#isOwedToAnother(line) && !this.floors.needs(worker))) return worker.kill();
    const next = line.firstWaiting;
    if (next === undefined) return void line.idle.push(worker);
    this.#leaveLine(next);
    worker.begin(next);
    this.#fillUp(worker, line);
  }

  onRecalled(worker: PooledWorker, runs: ActiveRun[]): void {
    const line = worker.line!;
    this.#dropUnlessPatient(worker);
    if (this.#closed) return runs.forEach((run) => run.refuse(new LanewayError('shutting_down')));
    const unwanted = runs.filter((run) => run.cancelled);
    for (const run of unwanted) run.fail({ reason: 'cancelled', message: 'the run was cancelled before it started' });
    line.waitFirst(runs.filter((run) => !run.cancelled));
    if (line.waiting.size > 0) this.#crowded.add(line);
    // Not from within the worker's own change of state.
    setImmediate(() => this.#serveLine(line));
  }

  onEnding(worker: PooledWorker): void {
    this.#clock.stir();
    const { line } = worker;
    if (line === null) return;
    line.workers.delete(worker);
    remove(line.idle, worker);
    line.emptyBecause = worker.endsBecause;
    this.floors.onEnding(worker);
    this.#places += 1;
    this.#serveCrowded();
  }

  onGone(worker: PooledWorker): void {
    this.#spares.remove(worker);
    this.#workers.delete(worker);
    this.#tellWhenGone();
  }

  /** Sync calls have no lease that another server could wait for: only queued runs are watched over. */
  onRunBegins({ worker: { pid } }: PooledWorker, run: ActiveRun): void {
    if (pid === null || this.watchdog === null) return;
    if (run.attempt.wait === 'patient') this.watchdog.carries(pid);
    else this.watchdog.need();
  }

  onRunEnds(worker: PooledWorker): void {
    this.#dropUnlessPatient(worker);
  }

  /** The workers of these processes are being killed from outside. */
  lose(pids: readonly number[], failure: Failure): void {
    for (const worker of this.#workers) if (pids.includes(worker.worker.pid ?? 0)) worker.kill(failure);
  }

  stats(): Omit<LocalExecutorStats, 'resources'> {
    const counts = new Map<string, LocalExecutorStats['workers'][number]>();
    const warm = { warmLoads: this.#warmLoads, floors: this.floors.list() };
    let running = 0;
    let ahead = 0;
    let waiting = 0;
    for (const worker of [...this.#workers, ...this.#spares]) {
      const { state } = worker;
      if (state === 'gone') continue;
      if (worker.run !== null) running += 1;
      ahead += worker.ahead;
      const { kind } = worker.options;
      const key = `${kind} ${state}`;
      const entry = counts.get(key) ?? { kind, state, count: 0 };
      entry.count += 1;
      counts.set(key, entry);
    }
    for (const line of this.#crowded) waiting += line.waiting.size;
    return { workers: [...counts.values()], waiting, ahead, running, coldStarts: { ...this.#coldStarts }, ...warm };
  }

  /** no-second-live-attempt: a queued run that was sent ahead may be begun while this server hangs. */
  #dropUnlessPatient(worker: PooledWorker): void {
    const { pid } = worker.worker;
    if (pid !== null && this.watchdog !== null && !worker.isPatient) this.watchdog.drops(pid);
  }

  #hasPlaceFor(line: VersionLine): boolean {
    if (line.workers.size >= line.cap) return false;
    // A place that becomes free may go to somebody who waits for it already.
    return this.#places > 0 || (this.#evictOne() && this.#places > 0);
  }

  /**
   * Each worker that is busy at the same time wakes up for every run and takes turns with the others on the processors: the
   * runs of a quick function are rather sent ahead to one that is busy.
   */
  #place(run: ActiveRun, line: VersionLine): void {
    // Those who wait longer come first, and a line that is owed a worker gets one as soon as it is without a run.
    const mayBeAhead = line.waiting.size === 0 && !this.#isOwedToAnother(line);
    if (mayBeAhead && this.#runsAhead.sendSoon(run, line)) return;
    if (this.#serve(run, line)) return;
    if (mayBeAhead && this.#runsAhead.send(run, line)) return;
    this.#wait(run, line);
  }

  /** By an idle worker or another one; false when none can be had. */
  #serve(run: ActiveRun, line: VersionLine): boolean {
    const idle = line.idle.pop();
    if (idle !== undefined) idle.begin(run);
    else if (this.#hasPlaceFor(line)) this.#startWorker(run, line);
    else return false;
    return true;
  }

  /** A worker that has begun a run of its line gets more of those that wait. */
  #fillUp(worker: PooledWorker, line: VersionLine): void {
    for (const run of line.waiting) {
      if (this.#isOwedToAnother(line) || !this.#runsAhead.sendTo(worker, run)) return;
      this.#leaveLine(run);
    }
  }

  /** Some wait that did not wait before. */
  #serveLine(line: VersionLine): void {
    for (const run of line.waiting) {
      if (!(line.idle.length > 0 || this.#hasPlaceFor(line))) return;
      this.#leaveLine(run);
      this.#serve(run, line);
    }
  }

  #startWorker(run: ActiveRun, line: VersionLine): void {
    const { coldReason } = line;
    let env: Record<string, string>;
    let worker: PooledWorker;
    try {
      env = this.#environmentOf(line);
      worker = this.#spares.take(line.workerOptions) ?? new PooledWorker(line.workerOptions, this.start, this);
    } catch (error) {
      if (error instanceof LanewayError) return run.refuse(error);
      return run.fail({ reason: 'no_executor', message: `no worker could be started: ${messageOf(error)}` });
    }
    run.cold = coldReason;
    // Nobody waits for what is loaded ahead of calls: that is no cold start.
    if (run.more.loadOnly === 'ahead') this.#warmLoads += 1;
    else this.#coldStarts[coldReason] += 1;
    this.#places -= 1;
    this.#workers.add(worker);
    line.workers.add(worker);
    this.#clock.stir();
    worker.load(line, run, env);
  }

  #environmentOf({ version: { manifest } }: VersionLine): Record<string, string> {
    const secrets = manifest.secrets === undefined ? {} : this.options.secretsFor(manifest.secrets);
    return { ...manifest.env, ...secrets };
  }

  /** False when the line is full: the run is refused then. */
  #wait(run: ActiveRun, line: VersionLine): boolean {
    const limit = this.options.limits.maxWaiting;
    if (run.attempt.wait === 'bounded' && line.waiting.size >= limit) {
      run.refuse(new LanewayError('function_busy', { function: line.version.function, limit }));
      return false;
    }
    line.waiting.add(run);
    this.#crowded.add(line);
    return true;
  }

  #leaveLine(run: ActiveRun): boolean {
    const line = run.line!;
    const stood = line.waiting.delete(run);
    if (line.waiting.size === 0) this.#crowded.delete(line);
    return stood;
  }

  /** Whether another line, which has no place because the server is full, has waited longer than this one. */
  #isOwedToAnother(line: VersionLine): boolean {
    if (this.#places > 0 || this.#crowded.size === 0) return false;
    const since = line.firstWaiting?.queuedAt ?? Infinity;
    for (const other of this.#crowded) {
      if (other !== line && other.workers.size < other.cap && other.firstWaiting!.queuedAt < since) return true;
    }
    return false;
  }

  /** A place is free: it goes to the run that waited longest among those whose line may have one more worker. */
  #serveCrowded(): void {
    while (this.#places > 0) {
      let longest: ActiveRun | null = null;
      for (const line of this.#crowded) {
        const first = line.firstWaiting!;
        if (line.workers.size < line.cap && (longest === null || first.queuedAt < longest.queuedAt)) longest = first;
      }
      if (longest === null) return;
      this.#leaveLine(longest);
      this.#startWorker(longest, longest.line!);
    }
  }

  /** Ends the worker that has been idle longest of those that no floor needs; false when there is none. */
  #evictOne(): boolean {
    let oldest: PooledWorker | null = null;
    for (const worker of this.#workers) {
      if (worker.state !== 'idle' || (oldest !== null && worker.idleSince >= oldest.idleSince)) continue;
      if (!this.floors.needs(worker)) oldest = worker;
    }
    if (oldest === null) return false;
    this.#retireWorker(oldest);
    return true;
  }

  #retireIdle(): void {
    const before = performance.now() - this.options.idleMs;
    for (const worker of this.#workers) {
      if (worker.state === 'idle' && worker.idleSince < before && !this.floors.needs(worker)) this.#retireWorker(worker);
    }
  }

  #retireWorker(worker: PooledWorker): void {
    worker.endsBecause = 'idle_retired';
    worker.kill();
  }

  #watch(now: number): boolean {
    let active = this.#crowded.size > 0;
    for (const worker of this.#workers) if (worker.watchTime(now)) active = true;
    this.#memory.watch(now, this.#workers);
    this.#cpu.watch(now, this.#workers);
    this.#disk.watch(now, this.#workers);
    this.#stops.watch(now, this.#workers);
    this.#refuseOverdue(now);
    return active;
  }

  /** A caller who stands by waits no longer for a worker than the function may run. */
  #refuseOverdue(now: number): void {
    for (const line of this.#crowded) {
      for (const run of line.waiting) {
        const { wait, timeoutMs } = run.attempt;
        if (wait === 'patient' || now - run.queuedAt < timeoutMs) continue;
        this.#leaveLine(run);
        run.refuse(new LanewayError('server_busy', { problem: `no worker became free within ${timeoutMs} ms` }));
      }
    }
  }

  #tellWhenGone(): void {
    if (this.#whenGone === null || this.#workers.size > 0 || [...this.#spares].length > 0) return;
    this.#whenGone();
  }
}

function remove<Item>(list: Item[], item: Item): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}
