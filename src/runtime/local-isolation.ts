import type { Manifest } from '../contract/manifest.js';
import type { Isolation } from '../contract/words.js';
import { LanewayError } from '../errors.js';
import type { ProbedConfinement } from './confinement/open-confinement.js';
import type { Wall } from './function-worker.js';

/** Levels that workers of this server can have; `sandbox` is none of them. */
export type LocalIsolation = Exclude<Isolation, 'sandbox'>;

/** What stands around a worker process of a function at this level. */
export function wallOf(isolation: LocalIsolation, manifest: Manifest, { cells }: ProbedConfinement): Wall {
  if (isolation !== 'confined') return 'process';
  return manifest.network === 'outbound' ? cells!.outboundWall : 'cell';
}

/** `isolation_unavailable` when this server can't give a function the level with all that its manifest asks for; null when it can. */
export function refuseIsolation(isolation: Isolation, manifest: Manifest, confinement: ProbedConfinement): LanewayError | null {
  const problem = problemOf(isolation, manifest, confinement);
  return problem === null ? null : new LanewayError('isolation_unavailable', { isolation, problem });
}

function problemOf(isolation: Isolation, { network }: Manifest, { cells, problem }: ProbedConfinement): string | null {
  switch (isolation) {
    case 'sandbox':
      return 'this release has thread, process and confined';
    case 'confined':
      if (cells === null) return problem;
      return network === 'outbound' && cells.outbound.how === 'none' ? cells.outbound.problem : null;
    default:
      return network === 'none' ? 'its manifest wants no network, which only confined can keep from it' : null;
  }
}
