import { performance } from 'node:perf_hooks';
import { isolations } from '../../src/contract/words.js';
import { Host, type Level } from './host.js';
import { startAttack } from './run-attack.js';
import { attacks } from './table.js';

/**
 * How long another function's calls take while a run uses up what it can, against how long they take when the server is
 * quiet: `node dist/test/escapes/measure-latency.js [level [attack]]`. A figure of a busy machine says nothing; ratios taken in turns do.
 */
const quietCalls = 300;
const level = (process.argv[2] ?? 'confined') as Level;
const only = process.argv[3] ?? '';
if (!isolations.includes(level)) throw new Error(`there is no level ${level}`);

const host = await Host.open(level);
try {
  if (!host.hasLevel) throw new Error(`this machine does not give ${level}`);
  console.log(['attack', 'quiet p50', 'during p50', 'p99', 'calls', 'ratio of p50'].join('\t'));
  for (const attack of attacks.filter(
    ({ name, group, verdicts }) => group === 'exhaust' && verdicts[level].is === 'stopped' && name.includes(only),
  )) {
    const quiet = await callWhile(host, (calls) => calls < quietCalls);
    let ended = false;
    const attacking = startAttack(attack, host).finally(() => (ended = true));
    const during = await callWhile(host, () => !ended);
    await attacking;
    const ratio = percentile(during, 0.5) / percentile(quiet, 0.5);
    const figures = [percentile(quiet, 0.5), percentile(during, 0.5), percentile(during, 0.99)].map(
      (ms) => `${ms.toFixed(2)} ms`,
    );
    console.log([attack.name, ...figures, during.length, ratio.toFixed(2)].join('\t'));
  }
} finally {
  await host.close();
}

async function callWhile(on: Host, more: (calls: number) => boolean): Promise<number[]> {
  const times: number[] = [];
  while (more(times.length)) {
    const begun = performance.now();
    const { status } = await on.ask('POST', '/function/bystander', { number: 1 });
    if (status !== 200) throw new Error(`the bystander answered ${status}`);
    times.push(performance.now() - begun);
  }
  return times;
}

function percentile(times: readonly number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
