import type { Logger } from 'pino';
import type { VersionRecords } from '../contract/records.js';
import type { FunctionStore, LaneView } from '../contract/store.js';
import { LanewayError, messageOf } from '../errors.js';
import { chooseIsolation, type IsolationPolicy } from '../runs/choose-isolation.js';
import type { FloorTimes, TimedFloor } from './floor-times.js';

export interface LaneFloorsParts {
  store: Pick<FunctionStore, 'lane' | 'version' | 'resolve' | 'deployed' | 'onLaneChange'>;
  versions: Pick<VersionRecords, 'lanesThatMayBeWarm'>;
  times: Pick<FloorTimes, 'set' | 'remove'>;
  isolation: IsolationPolicy;
  /** The current versions of a lane that may have moved. */
  onRead: (name: LaneName, versions: readonly string[]) => void;
  log: Pick<Logger, 'info' | 'warn'>;
}

type LaneName = { function: string; lane: string };
const againMs = 2000;

/**
 * Keeps the floors those of the lanes' current versions: of all lanes once at the start, then of each that changes, one at a
 * time. Nothing is kept of a lane without a floor.
 */
export class LaneFloors {
  readonly #parts: LaneFloorsParts;
  readonly #waiting = new Map<string, LaneName>();
  /** Keys of the versions that have a floor, by lane. */
  readonly #floors = new Map<string, string[]>();
  readonly #stop: () => void;
  #isStartRead = false;
  #working: Promise<void> | null = null;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(parts: LaneFloorsParts) {
    this.#parts = parts;
    this.#stop = parts.store.onLaneChange((name) => {
      this.#note(name);
      this.#work();
    });
    this.#work();
  }

  /** Nothing is changed any more, whatever is still read: a store that does not answer holds no server up. */
  close(): void {
    this.#closed = true;
    this.#stop();
    if (this.#retry !== null) clearTimeout(this.#retry);
  }

  #note(name: LaneName): void {
    this.#waiting.set(`${name.function}/${name.lane}`, { function: name.function, lane: name.lane });
  }

  #work(): void {
    if (this.#closed || this.#working !== null || this.#retry !== null) return;
    this.#working = this.#readWaiting().finally(() => {
      this.#working = null;
      if (this.#waiting.size > 0) this.#work();
    });
  }

  async #readWaiting(): Promise<void> {
    try {
      if (!this.#isStartRead) for (const name of await this.#parts.versions.lanesThatMayBeWarm()) this.#note(name);
      this.#isStartRead = true;
    } catch (error) {
      return this.#tryAgain(error, 'warm workers of lanes');
    }
    for (const [key, name] of this.#waiting) {
      if (this.#closed) return;
      // Taken out first: a change while it is read brings it in again.
      this.#waiting.delete(key);
      try {
        await this.#read(key, name);
      } catch (error) {
        this.#note(name);
        return this.#tryAgain(error, `warm workers of ${key}`);
      }
    }
  }

  #tryAgain(error: unknown, what: string): void {
    if (this.#closed) return;
    this.#parts.log.warn({ err: error }, `${what} will be looked at again: ${messageOf(error)}`);
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#work();
    }, againMs).unref();
  }

  async #read(key: string, name: LaneName): Promise<void> {
    const floors: TimedFloor[] = [];
    const versions = await this.#currentOf(name);
    for (const version of versions) {
      const floor = await this.#floorOf({ ...name, version });
      if (floor !== null) floors.push(floor);
    }
    if (this.#closed) return;
    const keys = floors.map(({ target }) => target.version.key);
    for (const gone of this.#floors.get(key) ?? []) if (!keys.includes(gone)) this.#parts.times.remove(gone);
    if (keys.length === 0) this.#floors.delete(key);
    else this.#floors.set(key, keys);
    for (const floor of floors) this.#parts.times.set(floor);
    this.#parts.onRead(name, versions);
  }

  async #currentOf({ function: name, lane }: LaneName): Promise<string[]> {
    const view = await this.#parts.store.lane(name, lane).catch(nullIfGone);
    return view === null ? [] : versionsOf(view);
  }

  /** The manifest is read from the records: a version without a floor need not be on this disk. */
  async #floorOf(version: LaneName & { version: string }): Promise<TimedFloor | null> {
    const { store, isolation, log } = this.#parts;
    const record = await store.version(version.function, version.lane, version.version).catch(nullIfGone);
    const warm = record?.manifest?.warm;
    if (warm === undefined || warm.min === 0) return null;
    const resolved = await Promise.resolve(store.resolve(version.function, version.lane, version.version)).catch(nullIfGone);
    if (resolved === null) return null;
    const deployed = await store.deployed(resolved);
    const { entry, manifest } = deployed;
    const target = { version: deployed, entry, isolation: chooseIsolation(manifest, entry.runtime, isolation) };
    const onProblem = (problem: string) => log.warn({ ...version, problem }, 'workers are not kept warm as wished');
    return { target, warm, onProblem };
  }
}

function versionsOf({ current, split }: LaneView): string[] {
  if (current !== null) return [current];
  return (split ?? []).map(({ major, minor }) => `${major}.${minor}`);
}

/** Deleted between the change and the look at it. */
function nullIfGone(error: unknown): null {
  const gone = ['function_not_found', 'lane_not_found', 'version_not_found'];
  if (error instanceof LanewayError && gone.includes(error.code)) return null;
  throw error;
}
