import type { Logger } from 'pino';
import type { ManifestWarm } from '../contract/manifest.js';
import type { VersionRecords } from '../contract/records.js';
import type { FunctionStore } from '../contract/store.js';
import type { WarmWorkers } from '../contract/warm.js';
import type { IsolationPolicy } from '../runs/choose-isolation.js';
import { type Clock, FloorTimes, realClock } from './floor-times.js';
import { LaneFloors } from './lane-floors.js';
import { messageOf } from '../errors.js';
import { followMove } from './follow-move.js';
import { prepareMove } from './prepare-move.js';

export interface WarmingParts {
  store: Pick<FunctionStore, 'lane' | 'version' | 'resolve' | 'deployed' | 'onLaneChange' | 'beforeLaneMoves'>;
  versions: Pick<VersionRecords, 'lanesThatMayBeWarm'>;
  workers: WarmWorkers;
  /** Whether a floor holds at that moment (epoch milliseconds), and until when that can be told. */
  floorAt: (warm: ManifestWarm, now: number) => { holds: boolean; until: number };
  log: Pick<Logger, 'info' | 'warn'>;
  clock?: Clock;
}

export interface WarmingPolicy {
  isolation: IsolationPolicy;
  /** A lane waits so long for what it moves to; 0 loads nothing ahead. */
  waitMs: number;
}

/** Keeps the floors that the current versions of lanes ask for, and loads what a lane moves to before it moves. */
export function openWarming(parts: WarmingParts, policy: WarmingPolicy): { close(): void } {
  const clock = parts.clock ?? realClock;
  const times = new FloorTimes({ ...parts, clock });
  const { isolation, waitMs } = policy;
  const isAhead = waitMs > 0;
  const lanes = new LaneFloors({
    ...parts,
    times,
    isolation,
    onRead(name, versions) {
      if (!isAhead) return;
      followMove(name, versions, { ...parts, isolation }).catch((error: unknown) => {
        parts.log.warn({ ...name, err: error }, `a lane moved to what is not loaded here: ${messageOf(error)}`);
      });
    },
  });
  if (isAhead) {
    parts.store.beforeLaneMoves((move, hurry) => prepareMove(move, hurry, { ...parts, ...policy, clock }));
  }
  return {
    close() {
      lanes.close();
      times.close();
    },
  };
}
