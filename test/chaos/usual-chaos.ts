import type { Mode } from './installation.js';
import type { ChaosOptions } from './run-chaos.js';

/** The load and the times of an ordinary run of the harness: one round of faults. */
export function usualChaos(mode: Mode, seed: number): ChaosOptions {
  return {
    mode,
    seed,
    about: 'all',
    minutes: 0,
    atMostMs: 150_000,
    leaseMs: mode === 'embedded' ? 2000 : 4000,
    load: { clients: 24, maxOpen: 300, longestNapMs: 2500 },
    patienceMs: 30_000,
    say: () => undefined,
  };
}
