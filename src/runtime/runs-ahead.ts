import { isShortRun } from './inside/short-messages.js';
import type { ActiveRun } from './active-run.js';
import type { PooledWorker } from './pooled-worker.js';
import type { VersionLine } from './version-line.js';

/** To lie ready for so long is better than to wake one more worker: that takes as long, and a processor's time. */
const worthWaitingMs = 0.2;
/** A run that takes this long holds those up that were sent after it: they go elsewhere. */
const longestMs = 5;

/**
 * Runs of quick functions that lie ready at a worker while it carries out another one: it goes on with the next by itself, and
 * neither side has to be woken. A function that is quick as a rule may hang for once; then what lies behind is recalled.
 */
export class RunsAhead {
  readonly #workers = new Set<PooledWorker>();
  #timer: NodeJS.Timeout | null = null;

  /** To a worker that will begin it before one more could be woken; false when there is none. */
  sendSoon(run: ActiveRun, line: VersionLine): boolean {
    const best = soonest(line);
    return best !== null && (best.ahead + 1) * line.typicalMs <= worthWaitingMs && this.sendTo(best, run);
  }

  /** To the worker that will begin it first; false when none has room. */
  send(run: ActiveRun, line: VersionLine): boolean {
    const best = soonest(line);
    return best !== null && this.sendTo(best, run);
  }

  /** False when it is not for being sent ahead, or there is no room. */
  sendTo(worker: PooledWorker, run: ActiveRun): boolean {
    const { line } = worker;
    if (line === null || !line.isQuick || line.fresh || worker.roomAhead === 0 || !isForAhead(run)) return false;
    if (!worker.sendAhead(run)) return false;
    this.#workers.add(worker);
    this.#timer ??= setInterval(() => this.#look(performance.now()), longestMs).unref();
    return true;
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(now: number): void {
    for (const worker of this.#workers) {
      if (worker.ahead === 0) this.#workers.delete(worker);
      else if (now - worker.busySince > longestMs) {
        worker.line!.noteStall();
        worker.recall();
      }
    }
    if (this.#workers.size === 0) this.close();
  }
}

/** The worker of a line with the fewest runs before one that is sent now. */
function soonest(line: VersionLine): PooledWorker | null {
  if (!line.isQuick) return null;
  let best: PooledWorker | null = null;
  for (const worker of line.workers) if (worker.roomAhead > 0 && (best === null || worker.ahead < best.ahead)) best = worker;
  return best;
}

/** Whole HTTP exchanges and long payloads are for workers that are free. */
function isForAhead({ more, attempt }: ActiveRun): boolean {
  return more.exchange === null && !more.loadOnly && isShortRun(attempt.payload);
}
