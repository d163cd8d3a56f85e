import type { Manifest } from '../contract/manifest.js';
import { isolations, type Isolation, type Runtime } from '../contract/words.js';

/** What the server decided at start: the strongest level it proved, its default and its floor. */
export interface IsolationPolicy {
  strongest: Isolation;
  byDefault: Isolation | 'auto';
  floor: Isolation | null;
}

/**
 * The manifest's level or the default, raised to the floor, and to what keeps the network from a function that wants none; a
 * level that can't be had is refused later, by the executor.
 */
export function chooseIsolation(manifest: Manifest, runtime: Runtime, policy: IsolationPolicy): Isolation {
  const asked = manifest.isolation ?? policy.byDefault;
  const level = asked === 'auto' ? policy.strongest : asked;
  // Only Node code can live in a thread of the server, and with no other limits than a thread can have.
  const possible = level === 'thread' && (runtime !== 'node' || limitsProcess(manifest)) ? 'process' : level;
  const raised = policy.floor !== null && isWeaker(possible, policy.floor) ? policy.floor : possible;
  return manifest.network === 'none' && isWeaker(raised, 'confined') ? 'confined' : raised;
}

function limitsProcess({ cpu, max_processes: processes }: Manifest): boolean {
  return cpu !== undefined || processes !== undefined;
}

function isWeaker(level: Isolation, other: Isolation): boolean {
  return isolations.indexOf(level) < isolations.indexOf(other);
}
