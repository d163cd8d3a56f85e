import type { Logger } from 'pino';
import type { DeployedVersion } from '../contract/executor.js';
import type { ManifestWarm } from '../contract/manifest.js';
import type { LaneMove, Warmed, WarmWorkers } from '../contract/warm.js';
import { messageOf } from '../errors.js';
import { chooseIsolation, type IsolationPolicy } from '../runs/choose-isolation.js';
import type { Clock } from './floor-times.js';

export interface PrepareMoveParts {
  workers: Pick<WarmWorkers, 'warm' | 'workersOf'>;
  floorAt: (warm: ManifestWarm, now: number) => { holds: boolean };
  isolation: IsolationPolicy;
  waitMs: number;
  clock: Clock;
  log: Pick<Logger, 'info' | 'warn'>;
}

/**
 * Loads what a lane is about to move to, on this server, as many workers as the versions it leaves have here. Waits no longer
 * than `waitMs`, and no longer than until somebody wants the lane elsewhere. What fails is told, and the lane moves.
 */
export async function prepareMove(move: LaneMove, hurry: AbortSignal, parts: PrepareMoveParts): Promise<Warmed | null> {
  const leaving = move.from.reduce((sum, key) => sum + parts.workers.workersOf(key), 0);
  const loads = move.to.map(async ({ version, deployed }) => {
    try {
      return await loadOne(await deployed(), { move, leaving, parts });
    } catch (error) {
      return { loaded: false, problem: `version ${version}: ${messageOf(error)}` };
    }
  });
  const answers = await inTime(Promise.all(loads), hurry, parts);
  const tried = answers.filter((answer) => answer !== null);
  if (tried.length === 0) return null;
  const failed = tried.find(({ loaded }) => !loaded);
  if (failed !== undefined) {
    const { function: name, lane, kind } = move;
    parts.log.warn({ function: name, lane, move: kind, problem: failed.problem }, 'a lane moves to what is not loaded');
  }
  return failed ?? tried[0]!;
}

async function loadOne(
  version: DeployedVersion,
  { move, leaving, parts }: { move: LaneMove; leaving: number; parts: PrepareMoveParts },
): Promise<Warmed | null> {
  const { manifest, entry } = version;
  const { warm } = manifest;
  const floor = warm !== undefined && parts.floorAt(warm, parts.clock.now()).holds ? warm.min : 0;
  const count = Math.max(floor, isLoadedAnew(version) ? 0 : leaving);
  // A push into a lane that nobody calls here is no reason to run its code; who promotes or pins wants it to be called.
  const least = move.kind === 'push' || isLoadedAnew(version) ? 0 : 1;
  if (Math.max(count, least) === 0) return null;
  const isolation = chooseIsolation(manifest, entry.runtime, parts.isolation);
  const problem = await parts.workers.warm({ version, entry, isolation }, Math.max(count, least));
  return { loaded: problem === null, problem: problem === null ? null : `version ${version.version}: ${problem}` };
}

/** Its workers carry out one run each: what is loaded ahead serves one call. */
export function isLoadedAnew({ manifest, entry }: DeployedVersion): boolean {
  return manifest.fresh === true || entry.runtime === 'executable';
}

async function inTime(
  loads: Promise<(Warmed | null)[]>,
  hurry: AbortSignal,
  { clock, waitMs }: PrepareMoveParts,
): Promise<(Warmed | null)[]> {
  let stop = () => {};
  const late = new Promise<Warmed[]>((resolve) => {
    const giveUp = (problem: string) => resolve([{ loaded: false, problem }]);
    const stopClock = clock.after(waitMs, () => giveUp(`it was not loaded within ${waitMs} ms`));
    const hurryUp = () => giveUp('the lane was moved again meanwhile');
    hurry.addEventListener('abort', hurryUp);
    stop = () => {
      stopClock();
      hurry.removeEventListener('abort', hurryUp);
    };
    if (hurry.aborted) hurryUp();
  });
  try {
    return await Promise.race([loads, late]);
  } finally {
    stop();
  }
}
