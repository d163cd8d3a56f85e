import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import type { Announcement, Queue } from '../contract/queue.js';
import type { Claim, ClaimBy, ClaimedRun, Line, RunRecords } from '../contract/records.js';
import { messageOf } from '../errors.js';
import type { BegunRun } from './carry-out.js';
import { lineKey, Places } from './places.js';
import type { QueueLimits } from './queue-limits.js';
import { type WaitingLine, WaitingLines } from './waiting-lines.js';

const linesTopic = 'lines';
type LineMessage = Line & { from: string };
/** Before the records are asked again when they were away. */
const retryMs = 500;
/** Before a line is asked again whose run could not begin because a part is away. */
const pauseMs = 2000;
/** Other servers hear this much later of runs whose line waits here: once of all that came meanwhile. */
const tellOthersMs = 50;

export interface DispatcherParts {
  runs: RunRecords;
  queue: Queue;
  bus: Bus;
  limits: QueueLimits;
  log: Logger;
  /** Never rejects. */
  carryOut: (begun: BegunRun) => Promise<void>;
}

export interface DispatcherSettings {
  owner: string;
  leaseMs: number;
  /** Queued runs at the same time; 0: this server takes none. */
  places: number;
  /** Of these, kept back for functions that have nothing under way. */
  placesKeptBack: number;
  /** Other servers may have free places. */
  shared: boolean;
}

/**
 * Brings ready runs and free places together. A run that finds a place begins at once. One that does not stays in the
 * records and its line waits: it is asked for its first runs whenever a place is free, the line with the fewest runs
 * under way first. So a long line costs no memory, keeps its order, and takes no more than its share.
 *
 * no-lost-run: where nobody knows that a line waits (a server died, a message was lost), the sweep says it again.
 */
export class Dispatcher {
  readonly #places: Places;
  readonly #waiting = new WaitingLines();
  #underWay = 0;
  #whenIdle: (() => void) | null = null;
  readonly #name = randomUUID();
  readonly #stopListening: () => void;
  /** Lines that wait here and have new runs, which another server may have a place for. */
  readonly #toTell = new Map<string, Line>();
  #retry: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(
    private readonly parts: DispatcherParts,
    private readonly settings: DispatcherSettings,
  ) {
    this.#places = new Places(settings.places, settings.placesKeptBack);
    this.#stopListening = parts.bus.subscribe(linesTopic, (message) => {
      const { from, ...line } = JSON.parse(message) as LineMessage;
      if (from !== this.#name) this.wake(line);
    });
  }

  /** Starts taking what the queue brings. */
  start(): void {
    this.parts.queue.start(this.settings.places, (announcement) => this.#onAnnounced(announcement));
  }

  /** Lines that wait for a place here. */
  get waitingLines(): number {
    return this.#waiting.size;
  }

  /** Takes a place for a run that is about to be accepted; false when there is none, or older runs of its line wait. */
  takePlace(line: Line): boolean {
    if (!this.#claims || this.#waiting.has(line) || !this.#places.hasFor(line)) return false;
    this.#places.take(line);
    return true;
  }

  /** A place was taken for nothing. */
  givePlace(line: Line): void {
    this.#places.give(line);
    this.#serveWaiting();
  }

  /** Carries out a run for which a place was taken. */
  begin(begun: BegunRun): void {
    this.#waitFor(this.#carryOut(begun));
  }

  /** Tells of an accepted run that found no place: the queue, unless its line waits here already. */
  async announce(announcement: Announcement): Promise<void> {
    if (this.#claims && this.#waiting.has(announcement)) {
      this.#tellOthersSoon(announcement);
      return this.wake(announcement);
    }
    try {
      await this.parts.queue.announce([announcement]);
    } catch (error) {
      this.parts.log.warn({ err: error, runId: announcement.runId }, `the run is not announced: ${messageOf(error)}`);
      this.wake(announcement);
    }
  }

  /** The line may have ready runs: they are taken as soon as there is a place. */
  wake(line: Line): void {
    if (!this.#claims) return;
    this.#waiting.add(line);
    this.#serveWaiting();
  }

  /** As `wake`, here and on every other server. */
  wakeEverywhere(lines: readonly Line[]): void {
    for (const line of lines) {
      this.wake(line);
      this.#tellOthers(line);
    }
  }

  /** A run of it could not begin here because a part is away: it is not asked for a while, and keeps no place. */
  pause({ function: name, lane }: Line): void {
    const line = { function: name, lane };
    this.#tellOthers(line);
    if (!this.#claims) return;
    this.#waiting.add(line, performance.now() + pauseMs);
    setTimeout(() => this.#serveWaiting(), pauseMs + 1).unref();
  }

  /** Lines at their limit are asked again: runs of theirs may have ended elsewhere. */
  unblock(): void {
    this.#waiting.unblock();
    this.#serveWaiting();
  }

  /** Takes nothing from now on; resolves when what runs has ended or was handed back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopListening();
    this.#waiting.clear();
    this.#tellOfAll();
    await this.parts.queue.stop();
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    if (this.#retry !== null) clearTimeout(this.#retry);
  }

  #tellOthers({ function: name, lane }: Line): void {
    if (!this.settings.shared) return;
    const message: LineMessage = { from: this.#name, function: name, lane };
    this.parts.bus.publish(linesTopic, JSON.stringify(message));
  }

  #tellOthersSoon(line: Line): void {
    if (!this.settings.shared) return;
    if (this.#toTell.size === 0) setTimeout(() => this.#tellOfAll(), tellOthersMs).unref();
    this.#toTell.set(lineKey(line), line);
  }

  #tellOfAll(): void {
    for (const line of this.#toTell.values()) this.#tellOthers(line);
    this.#toTell.clear();
  }

  get #claims(): boolean {
    return this.settings.places > 0 && !this.#stopped;
  }

  /** clean-drain: `stop` resolves after it. */
  #waitFor(work: Promise<void>): void {
    this.#underWay += 1;
    void work.finally(() => {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#whenIdle?.();
    });
  }

  async #carryOut(begun: BegunRun): Promise<void> {
    const { run } = begun.claimed;
    await this.parts.carryOut(begun);
    // The limit of its function, lane or key may leave room for another one now; runs of a key are in any line.
    this.#waiting.unblock(this.parts.limits.isKeyLimited(run.keyId) ? undefined : run.function);
    this.givePlace(run);
  }

  /** Returns when it is known who carries the run out, so that others' announcements do not wait behind a long one. */
  async #onAnnounced({ runId, fence, function: name, lane }: Announcement): Promise<void> {
    const line = { function: name, lane };
    // It is in the records: whoever has a place for its line may take it.
    if (!this.takePlace(line)) return this.wakeEverywhere([line]);
    const askedAt = performance.now();
    const claimed = await this.#claim({ runId, fence }, line);
    if (claimed === null) this.givePlace(line);
    else this.begin({ claimed, askedAt });
  }

  async #claim(claim: Claim, line: Line): Promise<ClaimedRun | null> {
    try {
      const claimed = await this.parts.runs.claim(claim, this.#by(line));
      if (claimed !== 'limited') return claimed;
    } catch (error) {
      this.parts.log.warn({ err: error, runId: claim.runId }, `the run stays queued: ${messageOf(error)}`);
    }
    this.wakeEverywhere([line]);
    return null;
  }

  #serveWaiting(): void {
    if (!this.#claims || this.#waiting.size === 0) return;
    for (const [waiting, places] of this.#waiting.fill(this.#places)) this.#waitFor(this.#ask(waiting, places));
  }

  /** Asks the records for the first runs of a line that got so many places. */
  async #ask(waiting: WaitingLine, places: number): Promise<void> {
    const { line } = waiting;
    waiting.asking = true;
    waiting.again = false;
    waiting.unblocked = false;
    let unused = places;
    const askedAt = performance.now();
    try {
      const { runs, limited } = await this.parts.runs.claimNext(line, places, this.#by(line));
      unused -= runs.length;
      for (const claimed of runs) this.begin({ claimed, askedAt });
      if (runs.length > 0) this.#waiting.hadItsTurn(waiting);
      if (limited) waiting.blocked = !waiting.unblocked;
      // Fewer than asked for: there are no more, unless somebody said so meanwhile.
      else if (unused > 0 && !waiting.again) this.#waiting.remove(waiting);
    } catch (error) {
      this.parts.log.warn({ err: error, ...line }, `queued runs wait for the records: ${messageOf(error)}`);
      waiting.blocked = true;
      this.#retry ??= setTimeout(() => {
        this.#retry = null;
        this.unblock();
      }, retryMs);
    }
    waiting.asking = false;
    for (let place = 0; place < unused; place += 1) this.#places.give(line);
    this.#serveWaiting();
  }

  #by(line: Line): ClaimBy {
    const { owner, leaseMs } = this.settings;
    return { owner, leaseMs, limits: this.parts.limits.runningLimits(line) };
  }
}
