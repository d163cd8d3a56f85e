import type { Logger } from 'pino';
import type { VersionRecords } from '../contract/records.js';
import type { FunctionStore, LaneView } from '../contract/store.js';
import { LanewayError, messageOf } from '../errors.js';
import { type SubscribedVersion, SubscriptionIndex } from './subscription-index.js';

export interface FollowParts {
  store: Pick<FunctionStore, 'lane' | 'version' | 'onLaneChange'>;
  versions: Pick<VersionRecords, 'lanesThatMayWantEvents'>;
  log: Logger;
}

type LaneName = { function: string; lane: string };

/**
 * Keeps the subscriptions as the lanes have them. Lanes that may have changed are noted and read behind; whoever needs to know
 * waits until all that were noted before are read.
 */
export class FollowSubscriptions {
  readonly #index = new SubscriptionIndex();
  readonly #changed = new Map<string, LaneName>();
  /** Lanes that could not be read: they stay as they were until somebody asks again. */
  readonly #unread = new Map<string, LaneName>();
  readonly #stop: () => void;
  #isLoaded = false;
  #reading: Promise<void> | null = null;

  constructor(private readonly parts: FollowParts) {
    this.#stop = parts.store.onLaneChange((name) => {
      this.#changed.set(`${name.function}/${name.lane}`, name);
      this.#readBehind();
    });
    this.#readBehind();
  }

  /** The subscriptions of this moment. Rejects with `records_unavailable` when they can't be known. */
  async current(): Promise<SubscriptionIndex> {
    for (const [key, name] of this.#unread) this.#changed.set(key, name);
    this.#unread.clear();
    while (!this.#isLoaded || this.#changed.size > 0 || this.#reading !== null) await this.#read();
    return this.#index;
  }

  close(): void {
    this.#stop();
  }

  #readBehind(): void {
    this.#read().catch((error: unknown) => {
      this.parts.log.warn({ err: error }, `subscriptions are read when an event needs them: ${messageOf(error)}`);
    });
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readChanged().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readChanged(): Promise<void> {
    if (!this.#isLoaded) await this.#noteAll();
    for (const [key, name] of this.#changed) {
      this.#changed.delete(key);
      await this.#readLane(name).catch((error: unknown) => {
        this.#unread.set(key, name);
        if (error instanceof LanewayError && error.code === 'records_unavailable') throw error;
        this.parts.log.warn({ ...name, err: error }, `the subscriptions of a lane stay as they were: ${messageOf(error)}`);
      });
    }
  }

  /** At start: the lanes that may have any. */
  async #noteAll(): Promise<void> {
    for (const lane of await this.parts.versions.lanesThatMayWantEvents())
      this.#changed.set(`${lane.function}/${lane.lane}`, lane);
    this.#isLoaded = true;
  }

  async #readLane(name: LaneName): Promise<void> {
    const view = await this.parts.store.lane(name.function, name.lane).catch(nullIfGone);
    const versions: SubscribedVersion[] = [];
    for (const { version, weight } of view === null ? [] : sharesOf(view)) {
      versions.push({ version, weight, patterns: await this.#patternsOf(name, version) });
    }
    this.#index.set({ ...name, isSplit: versions.length > 1, versions });
  }

  /** A version never changes: what is known of it need not be read again. */
  async #patternsOf(name: LaneName, version: string): Promise<readonly string[]> {
    const known = this.#index.get(name)?.versions.find((candidate) => candidate.version === version);
    if (known !== undefined && known.patterns.length > 0) return known.patterns;
    const record = await this.parts.store.version(name.function, name.lane, version).catch(nullIfGone);
    return record?.manifest?.events ?? [];
  }
}

function sharesOf({ current, split }: LaneView): { version: string; weight: number }[] {
  if (current !== null) return [{ version: current, weight: 1 }];
  return (split ?? []).map(({ major, minor, weight }) => ({ version: `${major}.${minor}`, weight }));
}

/** Deleted between the change and the look at it. */
function nullIfGone(error: unknown): null {
  const gone = ['function_not_found', 'lane_not_found', 'version_not_found'];
  if (error instanceof LanewayError && gone.includes(error.code)) return null;
  throw error;
}
