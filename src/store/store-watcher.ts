import { messageOf } from '../errors.js';
import type { KnownLane } from './catalogue.js';
import type { LaneKeeper } from './lane-keeper.js';
import { isFunctionName, isLaneName } from './names.js';
import { Shared } from './one-at-a-time.js';
import { laneKey, type StoreParts } from './parts.js';
import { storeTopic, type Publisher } from './publisher.js';
import type { LaneName, RemoteListings } from './remote-listings.js';

export interface WatcherParts extends StoreParts {
  keeper: LaneKeeper;
  publisher: Publisher;
  /** null when there is no shared store. */
  listings: RemoteListings | null;
  /** Whether other servers write to the same records. */
  shared: boolean;
  /** Milliseconds between two looks at what other servers changed; what they did is seen within twice that. */
  everyMs: number;
}

/** How old a lane's listing may get while the lane is used, and how often one unknown lane is asked for. */
const listingAgeMs = 2000;
/** The same for names at the root and in a function, which many unknown names share. */
const namesAgeMs = 500;
const changeLivesMs = 60_000;
const sweepEveryMs = 3_600_000;
const walkersAtOnce = 4;
const asksRemembered = 10_000;

/**
 * Notices what other servers do to the store. Three ways, each covering for the one before: a message on the bus at once;
 * a look every `everyMs` at the lanes changed in the records and at the changes announced in the shared store; and a
 * listing of the shared store's lane in the background of its use, for servers of the older kind, which tell nobody.
 */
export class StoreWatcher {
  readonly #parts: WatcherParts;
  readonly #asked = new Map<string, number>();
  readonly #lookUps = new Shared<void>();
  readonly #seenChanges = new Map<string, number>();
  #stops: (() => void)[] = [];
  #walk: Promise<void> = Promise.resolve();
  #looking: Promise<void> = Promise.resolve();
  #lookedAt = Date.now();
  #sweptAt = 0;
  /** null before the shared store was asked for the first time. */
  #mirrorAnswers: boolean | null = null;
  #busy = false;
  #stopped = false;

  constructor(parts: WatcherParts) {
    this.#parts = parts;
  }

  start(): void {
    const { bus, everyMs } = this.#parts;
    this.#stops.push(bus.subscribe(storeTopic, (message) => this.#onMessage(message)));
    this.#stops.push(bus.onReconnect(() => this.#runLook()));
    const timer = setInterval(() => this.#runLook(), everyMs);
    timer.unref();
    this.#stops.push(() => clearInterval(timer));
    this.#runLook();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const stop of this.#stops.splice(0)) stop();
    await Promise.allSettled([this.#looking, this.#walk]);
  }

  /** On every use of a known lane: has its listing renewed in the background when it is old. */
  used(lane: KnownLane): void {
    if (this.#parts.mirror === null) return;
    const now = Date.now();
    if (now - lane.listedAt < listingAgeMs) return;
    lane.listedAt = now;
    void this.#parts.keeper.refreshFromMirror(lane).catch(() => {});
  }

  /** For a name or version that is not known here: asks those who may know it, seldom enough. */
  lookUp(name: LaneName): Promise<void> {
    // Shared by those who ask at the same moment: who finds that somebody asks already must not take that for an answer.
    return this.#lookUps.run(laneKey(name), () => this.#askOthers(name));
  }

  async #askOthers(name: LaneName): Promise<void> {
    const { listings, keeper, shared } = this.#parts;
    if (listings !== null) {
      if ((await listings.hasLane(name.function, name.lane, namesAgeMs)) && this.#mayAsk(name))
        await keeper.refreshFromMirror(name);
    } else if (shared && this.#mayAsk(name)) {
      await keeper.refresh(name);
    }
  }

  /** For listings of everything: the first walk through the shared store has ended, well or not. */
  async untilWalked(): Promise<void> {
    await this.#looking;
    await this.#walk;
  }

  #mayAsk(name: LaneName): boolean {
    const [key, now] = [laneKey(name), Date.now()];
    if (now - (this.#asked.get(key) ?? 0) < listingAgeMs) return false;
    if (this.#asked.size >= asksRemembered) this.#asked.clear();
    this.#asked.set(key, now);
    return true;
  }

  #onMessage(message: string): void {
    const name = parseName(message);
    if (name !== null)
      void this.#parts.keeper.refresh(name).catch((error: unknown) => this.#warn(error, 'lane was not refreshed'));
  }

  /** One look at a time; a slow one makes the next wait for its turn of the timer. */
  #runLook(): void {
    const before = this.#looking;
    if (this.#busy || this.#stopped) return;
    this.#busy = true;
    this.#looking = before.then(() => this.#look()).finally(() => (this.#busy = false));
  }

  async #look(): Promise<void> {
    if (this.#parts.shared)
      await this.#lookAtRecords().catch((error: unknown) => this.#warn(error, 'changes in the records were not read'));
    if (this.#parts.mirror !== null) await this.#lookAtMirror();
  }

  /** The time since the last look that worked, and a little more for what was being committed then. */
  async #lookAtRecords(): Promise<void> {
    const { records, keeper, everyMs } = this.#parts;
    const began = Date.now();
    const changed = await records.versions.changedWithin(began - this.#lookedAt + everyMs + 5000);
    for (const name of changed) await keeper.refresh(name);
    this.#lookedAt = began;
  }

  async #lookAtMirror(): Promise<void> {
    try {
      await this.#readChanges();
      await this.#parts.publisher.removeLeftovers();
      if (this.#mirrorAnswers !== true) this.#onMirrorBack();
      if (Date.now() - this.#sweptAt > sweepEveryMs) await this.#sweep();
    } catch (error) {
      if (this.#mirrorAnswers !== false && !this.#stopped)
        this.#warn(error, 'shared store does not answer; versions on disk go on running');
      this.#mirrorAnswers = false;
    }
  }

  /** Changes seen for the first time have their lane listed; old ones are taken away by whoever comes first. */
  async #readChanges(): Promise<void> {
    const { mirror, keeper } = this.#parts;
    const now = Date.now();
    const changes = await mirror!.changes();
    for (const [change, name] of changes) {
      const seenAt = this.#seenChanges.get(change);
      if (seenAt === undefined) {
        if (isFunctionName(name.function) && isLaneName(name.lane)) await keeper.refreshFromMirror(name);
        this.#seenChanges.set(change, now);
      } else if (now - seenAt > changeLivesMs) {
        await mirror!.forgetChange(change);
      }
    }
    for (const change of this.#seenChanges.keys()) if (!changes.has(change)) this.#seenChanges.delete(change);
  }

  #onMirrorBack(): void {
    if (this.#mirrorAnswers === false) this.#parts.log.info('shared store answers again');
    this.#mirrorAnswers = true;
    this.#parts.listings!.forget();
    this.#walk = this.#walkMirror().catch((error: unknown) => this.#warn(error, 'shared store was not read to its end'));
  }

  /** Every lane of the shared store is compared once, a few at a time. */
  async #walkMirror(): Promise<void> {
    const { listings, keeper } = this.#parts;
    const names: LaneName[] = [];
    for (const name of await listings!.functions(listingAgeMs)) {
      if (!isFunctionName(name)) continue;
      for (const lane of await listings!.lanes(name, Infinity)) if (isLaneName(lane)) names.push({ function: name, lane });
    }
    const walker = async () => {
      for (let name = names.pop(); name !== undefined && !this.#stopped; name = names.pop()) await keeper.refreshFromMirror(name);
    };
    await Promise.all(Array.from({ length: walkersAtOnce }, walker));
  }

  async #sweep(): Promise<void> {
    this.#sweptAt = Date.now();
    await this.#parts.mirror!.sweep(sweepEveryMs);
  }

  #warn(error: unknown, message: string): void {
    if (!this.#stopped) this.#parts.log.warn({ problem: messageOf(error) }, message);
  }
}

function parseName(message: string): LaneName | null {
  try {
    const { function: name, lane } = JSON.parse(message) as Partial<LaneName>;
    return typeof name === 'string' && typeof lane === 'string' ? { function: name, lane } : null;
  } catch {
    return null;
  }
}
