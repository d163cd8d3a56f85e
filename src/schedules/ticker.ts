import type { Bus } from '../contract/bus.js';
import type { RunRecords } from '../contract/records.js';
import type { ScheduleRecord, ScheduleRecords } from '../contract/schedules.js';
import { messageOf } from '../errors.js';
import { carryOn, type CarryOnParts } from './carry-on.js';

/** Topic of the bus that tells of changed schedules; the message says nothing more. */
const scheduleTopic = 'schedules';

/** Longest sleep: a jump of the clock, or a change whose message was lost, is noticed after this. */
const longestSleepMs = 30_000;
/** After a look that failed, and before a tick that was refused for now is tried again. */
const againMs = 1000;
const atOnce = 16;
const pageRows = 64;

export interface TickerParts extends CarryOnParts {
  schedules: ScheduleRecords;
  clock: Pick<RunRecords, 'now'>;
  bus: Bus;
}

/**
 * Wakes up for the earliest tick of all and has every schedule that is due carried on, a few at once and each by itself.
 * Every server does this, by the database's clock; the records decide who fires.
 */
export class Ticker {
  readonly #parts: TickerParts;
  readonly #stops: (() => void)[] = [];
  readonly #busy = new Map<string, Promise<void>>();
  /** Schedules whose tick was refused for now, and when it is tried again, by a clock that nobody can set. */
  readonly #postponed = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #lookAgain = false;
  #closed = false;

  constructor(parts: Omit<TickerParts, 'isClosing'>) {
    this.#parts = { ...parts, isClosing: () => this.#closed };
  }

  start(): void {
    const { bus } = this.#parts;
    this.#stops.push(bus.subscribe(scheduleTopic, () => this.#wake()));
    this.#stops.push(bus.onReconnect(() => this.#wake()));
    this.#wake();
  }

  /** A schedule was changed: every server looks when its next tick is. */
  tellChange(): void {
    this.#parts.bus.publish(scheduleTopic, '');
  }

  /** Resolves when no tick is under way any more; one that was begun is brought to its end. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const stop of this.#stops.splice(0)) stop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#looking;
    await Promise.all(this.#busy.values());
  }

  #wake(): void {
    if (this.#closed) return;
    if (this.#looking !== null) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = this.#look().finally(() => {
      this.#looking = null;
      if (!this.#lookAgain) return;
      this.#lookAgain = false;
      this.#wake();
    });
  }

  async #look(): Promise<void> {
    try {
      const now = await this.#parts.clock.now();
      const ahead = now - Date.now();
      await this.#startDue(now);
      const next = await this.#parts.schedules.nextTick(now);
      this.#sleep(Math.min(next === null ? Infinity : next - ahead - Date.now(), this.#untilPostponed()));
    } catch (error) {
      this.#parts.log.warn({ err: error }, `schedules will be looked at again: ${messageOf(error)}`);
      this.#sleep(againMs);
    }
  }

  #sleep(forMs: number): void {
    if (this.#closed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, Math.min(forMs, longestSleepMs)));
    this.#timer.unref();
  }

  /** Those that find no free place are found by the look that follows the end of another. */
  async #startDue(now: number): Promise<void> {
    let place: { nextAt: number; id: string } | null = null;
    do {
      const page: ScheduleRecord[] = await this.#parts.schedules.due(now, pageRows, place);
      for (const schedule of page) if (this.#isFree(schedule.id)) this.#start(schedule, now);
      const last = page.at(-1);
      place = page.length === pageRows && last !== undefined ? { nextAt: last.nextAt!, id: last.id } : null;
    } while (place !== null && this.#busy.size < atOnce && !this.#closed);
  }

  #isFree(id: string): boolean {
    return (
      !this.#closed && this.#busy.size < atOnce && !this.#busy.has(id) && (this.#postponed.get(id) ?? 0) <= performance.now()
    );
  }

  #start(schedule: ScheduleRecord, now: number): void {
    const carrying = this.#carryOn(schedule, now).finally(() => {
      this.#busy.delete(schedule.id);
      this.#wake();
    });
    this.#busy.set(schedule.id, carrying);
  }

  async #carryOn(schedule: ScheduleRecord, now: number): Promise<void> {
    const carried = await carryOn(schedule, now, this.#parts).catch((error: unknown) => ({ kind: 'later' as const, error }));
    if (carried.kind === 'done') {
      this.#postponed.delete(schedule.id);
      return;
    }
    if (!this.#postponed.has(schedule.id)) {
      const facts = { scheduleId: schedule.id, err: carried.error };
      this.#parts.log.warn(facts, `a tick of schedule ${schedule.name} will be tried again: ${messageOf(carried.error)}`);
    }
    this.#postponed.set(schedule.id, performance.now() + againMs);
  }

  /** One whose time has come and that is not due any more (paused, removed, fired elsewhere) is forgotten after a while. */
  #untilPostponed(): number {
    const now = performance.now();
    let until = Infinity;
    for (const [id, at] of this.#postponed) {
      if (at > now) until = Math.min(until, at - now);
      else if (at < now - longestSleepMs) this.#postponed.delete(id);
    }
    return until;
  }
}
