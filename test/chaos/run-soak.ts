import { setTimeout as sleep } from 'node:timers/promises';
import type { Guard } from './break-guard.js';
import type { Installation } from './installation.js';
import { runChaos, type ChaosReport } from './run-chaos.js';
import { SteadyCallers } from './steady-callers.js';
import { usualChaos } from './usual-chaos.js';

export interface SoakOptions {
  seconds: number;
  seed: number;
  perSecond: number;
  brokenGuard?: Guard;
  say: (line: string) => void;
}

interface Sample {
  second: number;
  rssMb: number;
  openFiles: number;
  loopDelayP99Ms: number;
}

export interface SoakReport {
  chaos: ChaosReport;
  samples: Sample[];
  /** Of the straight line through the samples after the warm-up, from its first to its last. */
  rssGrowthMb: number;
  openFilesGrowth: number;
  rssMaxMb: number;
  /** Over all samples after the warm-up, the median of their p99, and the worst. */
  loopDelayP99Ms: number;
  worstLoopDelayP99Ms: number;
  answered: number;
  followed: number;
  problems: string[];
}

/** Share of the time that a server gets to start its workers and fill its caches. */
const warmUp = 0.3;

/** A steady load on one server for a while: what it takes of the machine, and the check of every run it carried out. */
export async function runSoak({ seconds, seed, perSecond, brokenGuard, say }: SoakOptions): Promise<SoakReport> {
  const samples: Sample[] = [];
  let callers: SteadyCallers | null = null;
  const chaos = await runChaos({
    ...usualChaos('embedded', seed),
    load: { clients: 8, perSecond, maxOpen: 500, longestNapMs: 500 },
    say,
    ...(brokenGuard === undefined ? {} : { brokenGuard }),
    during: async (installation) => {
      callers = new SteadyCallers(installation);
      await takeSamples(installation, seconds, (sample) => {
        samples.push(sample);
        say(`${sample.rssMb.toFixed(0)} MiB, ${sample.openFiles} files, loop delay p99 ${sample.loopDelayP99Ms.toFixed(1)} ms`);
      });
      await callers.stop();
    },
  });
  const { answered, followed, problems } = callers!;
  return { chaos, samples, ...summarize(samples), answered, followed, problems };
}

async function takeSamples({ servers }: Installation, seconds: number, take: (sample: Sample) => void): Promise<void> {
  const [server] = servers;
  const everyMs = Math.max(1000, (seconds * 1000) / 60);
  const begun = Date.now();
  while (Date.now() - begun < seconds * 1000) {
    await sleep(everyMs);
    const { rssBytes, loopDelayP99Ms } = await server!.measure();
    const second = (Date.now() - begun) / 1000;
    take({ second, rssMb: rssBytes / 2 ** 20, openFiles: server!.openFiles(), loopDelayP99Ms });
  }
}

function summarize(samples: readonly Sample[]) {
  const settled = samples.slice(Math.floor(samples.length * warmUp));
  const delays = settled.map(({ loopDelayP99Ms }) => loopDelayP99Ms).sort((a, b) => a - b);
  return {
    rssGrowthMb: growth(settled, ({ rssMb }) => rssMb),
    openFilesGrowth: growth(settled, ({ openFiles }) => openFiles),
    rssMaxMb: Math.max(...samples.map(({ rssMb }) => rssMb)),
    loopDelayP99Ms: delays[delays.length >> 1] ?? 0,
    worstLoopDelayP99Ms: delays.at(-1) ?? 0,
  };
}

/** By the line that fits best (least squares), so that one sample says little. */
function growth(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const seconds = samples.map(({ second }) => second);
  const values = samples.map(of);
  const [middle, level] = [mean(seconds), mean(values)];
  const spread = seconds.reduce((sum, second) => sum + (second - middle) ** 2, 0);
  const slope = seconds.reduce((sum, second, index) => sum + (second - middle) * (values[index]! - level), 0) / spread;
  return slope * (seconds.at(-1)! - seconds[0]!);
}
