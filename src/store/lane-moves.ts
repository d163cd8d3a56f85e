import type { VersionNumber } from '../contract/records.js';
import type { LaneMove, PrepareMove, Warmed } from '../contract/warm.js';
import { messageOf } from '../errors.js';
import { type LaneContent, currentVersions } from './lane.js';
import { laneKey, versionKey } from './parts.js';
import type { LaneName } from './remote-listings.js';
import { formatVersion } from './version.js';

/** A change of a lane: what decides its current version before and after. */
export interface LaneChange {
  kind: LaneMove['kind'];
  before: LaneContent | undefined;
  after: LaneContent;
  deployed: (version: VersionNumber) => ReturnType<LaneMove['to'][number]['deployed']>;
}

interface Moving {
  hurry: AbortController;
  done: Promise<unknown>;
}

/**
 * Has what a lane is about to move to prepared before it moves. What can't be prepared moves nevertheless: a rollback must
 * always work. Changes of a lane happen in the order they were asked for, and a later one ends the waiting of those before.
 */
export class LaneMoves {
  readonly #moving = new Map<string, Moving>();
  #prepare: PrepareMove | null = null;

  /** There is one who prepares. */
  onMove(prepare: PrepareMove): void {
    this.#prepare = prepare;
  }

  /** Resolves when the lane may move; null when nothing was to be prepared. */
  async prepare(name: LaneName, change: LaneChange, hurry = new AbortController().signal): Promise<Warmed | null> {
    const from = change.before === undefined ? [] : currentVersions(change.before).map(formatVersion);
    const to = currentVersions(change.after).filter((version) => !from.includes(formatVersion(version)));
    if (this.#prepare === null || to.length === 0) return null;
    const move: LaneMove = {
      ...name,
      kind: change.kind,
      from: from.map((version) => versionKey({ ...name, version })),
      to: to.map((version) => ({ version: formatVersion(version), deployed: () => change.deployed(version) })),
    };
    try {
      return await this.#prepare(move, hurry);
    } catch (error) {
      return { loaded: false, problem: messageOf(error) };
    }
  }

  /** Prepares and then changes, after all changes of the lane that were asked for before. */
  async run<Result>(
    name: LaneName,
    prepare: (hurry: AbortSignal) => Promise<Warmed | null>,
    change: (warmed: Warmed | null) => Promise<Result>,
  ): Promise<Result> {
    const key = laneKey(name);
    const before = this.#moving.get(key);
    before?.hurry.abort();
    const hurry = new AbortController();
    const done = this.#prepareAndChange({ hurry, before, prepare, change });
    const mine = { hurry, done };
    this.#moving.set(key, mine);
    try {
      return await done;
    } finally {
      if (this.#moving.get(key) === mine) this.#moving.delete(key);
    }
  }

  async #prepareAndChange<Result>(move: {
    hurry: AbortController;
    before: Moving | undefined;
    prepare: (hurry: AbortSignal) => Promise<Warmed | null>;
    change: (warmed: Warmed | null) => Promise<Result>;
  }): Promise<Result> {
    const warmed = await move.prepare(move.hurry.signal);
    // How it ended is told to whoever asked for it.
    await move.before?.done.catch(() => {});
    return await move.change(warmed);
  }
}
