import type { FunctionStore } from '../contract/store.js';
import type { WarmWorkers } from '../contract/warm.js';
import { chooseIsolation, type IsolationPolicy } from '../runs/choose-isolation.js';
import { isLoadedAnew } from './prepare-move.js';

export interface FollowMoveParts {
  store: Pick<FunctionStore, 'resolve' | 'deployed'>;
  workers: Pick<WarmWorkers, 'warm' | 'workersOf' | 'workersInLane'>;
  isolation: IsolationPolicy;
}

/**
 * Loads the current versions of a lane that has workers here, of other versions only: another server moved it, and held its
 * own calls back but not those of this one. Rejects when a version can't be had; what does not load, the next call will tell.
 */
export async function followMove(
  name: { function: string; lane: string },
  versions: readonly string[],
  { store, workers, isolation }: FollowMoveParts,
): Promise<void> {
  const count = workers.workersInLane(name.function, name.lane);
  if (count === 0) return;
  for (const version of versions) {
    if (workers.workersOf(`${name.function}/${name.lane}/${version}`) > 0) continue;
    const deployed = await store.deployed(await store.resolve(name.function, name.lane, version));
    const { entry, manifest } = deployed;
    if (isLoadedAnew(deployed)) continue;
    await workers.warm({ version: deployed, entry, isolation: chooseIsolation(manifest, entry.runtime, isolation) }, count);
  }
}
