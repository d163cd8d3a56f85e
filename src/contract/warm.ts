import type { DeployedVersion, Entry } from './executor.js';
import type { Isolation } from './words.js';

/** One way of running one version, as its callers get it who name neither an entry nor an isolation. */
export interface WarmTarget {
  version: DeployedVersion;
  entry: Entry;
  isolation: Isolation;
}

/** What keeps workers loaded before anybody calls. */
export interface WarmWorkers {
  /**
   * From now on so many workers of the version, busy ones included, are kept; what ended is loaded again. 0 ends it: idle
   * workers go as any others. `onProblem` hears why one could not be loaded.
   */
  keepWarm(target: WarmTarget, min: number, onProblem: (problem: string) => void): void;
  /** Loads workers until there are so many, as far as places allow. Resolves with why none could be loaded, or null. */
  warm(target: WarmTarget, count: number): Promise<string | null>;
  /** Workers of the version, by `DeployedVersion.key`, that have loaded it or are about to. */
  workersOf(versionKey: string): number;
  /** The same of all versions of a lane. */
  workersInLane(functionName: string, lane: string): number;
}

/** What came of loading a version before its lane moved to it. */
export interface Warmed {
  loaded: boolean;
  /** Why it was not; the lane moved nevertheless. */
  problem: string | null;
}

/** A lane that is about to have other current versions than now. */
export interface LaneMove {
  function: string;
  lane: string;
  kind: 'push' | 'promote' | 'pin' | 'split' | 'unpin';
  /** Keys (`DeployedVersion.key`) of the versions that are current now. */
  from: readonly string[];
  /** Those that are not current yet. */
  to: readonly { version: string; deployed: () => DeployedVersion | Promise<DeployedVersion> }[];
}

/**
 * Hears of a move before it happens; the lane waits for the answer, which is null when there is nothing to load.
 * `hurry` fires when somebody wants the lane elsewhere meanwhile.
 */
export type PrepareMove = (move: LaneMove, hurry: AbortSignal) => Promise<Warmed | null>;
