import { Gauge, type Registry } from 'prom-client';
import type { Line, RunRecords } from '../contract/records.js';
import { runStates } from '../contract/words.js';

/** bounded: more lanes than this are summed up, so that nobody can fill a Prometheus by naming lanes. */
const mostLanes = 200;

type CountedLine = Line & { runs: number };

/**
 * What the records of all servers say. Answers how to bring it up to date; the records are only read there, and a part of
 * it that they do not answer is left out.
 */
export function recordMetrics(
  registry: Registry,
  runs: Pick<RunRecords, 'countByState' | 'countByLine' | 'countDead'>,
): () => Promise<void> {
  const own = { registers: [registry] };
  const lanes = { ...own, labelNames: ['function', 'lane'] };
  const recorded = new Gauge({
    ...own,
    name: 'laneway_runs_recorded',
    help: 'Runs in the records of all servers.',
    labelNames: ['state'],
  });
  const drift = new Gauge({
    ...own,
    name: 'laneway_runs_drift',
    help: 'Runs accepted less those in any state, in the records of all servers; anything but 0 is a fault.',
  });
  const queued = new Gauge({ ...lanes, name: 'laneway_runs_queued', help: 'Queued runs by lane, of all servers; the largest.' });
  const dead = new Gauge({ ...lanes, name: 'laneway_dead_letters', help: 'Dead letters by lane, of all servers; the largest.' });

  return async () => {
    const [byState, byLine, deadLetters] = await Promise.all([
      runs.countByState().catch(noNumber),
      runs.countByLine().catch(noNumber),
      runs.countDead().catch(noNumber),
    ]);
    for (const gauge of [recorded, queued, dead]) gauge.reset();
    if (byState !== null) for (const state of runStates) recorded.set({ state }, byState[state]);
    // conservation: every accepted run is in exactly one state.
    drift.set(byState === null ? Number.NaN : byState.accepted - runStates.reduce((sum, state) => sum + byState[state], 0));
    fill(queued, byLine?.map(({ function: name, lane, queued: waiting }) => ({ function: name, lane, runs: waiting })) ?? []);
    fill(dead, deadLetters ?? []);
  };
}

function noNumber(): null {
  return null;
}

/** The largest lanes by name, the rest together as lane `other` of no function. */
function fill(gauge: Gauge, lines: readonly CountedLine[]): void {
  const some = lines.filter((line) => line.runs > 0).sort((a, b) => b.runs - a.runs);
  for (const { function: name, lane, runs } of some.slice(0, mostLanes)) gauge.set({ function: name, lane }, runs);
  const rest = some.slice(mostLanes).reduce((sum, line) => sum + line.runs, 0);
  if (rest > 0) gauge.set({ function: '', lane: 'other' }, rest);
}
