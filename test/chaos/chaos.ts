// npm run chaos -- [--minutes 1] [--mode embedded|cluster] [--seed N]
import { parseArgs } from 'node:util';
import type { Mode } from './installation.js';
import { usualChaos } from './usual-chaos.js';
import { describeReport } from './print-report.js';
import { runChaos } from './run-chaos.js';

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, mode: { type: 'string' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes ?? 1);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const modes: readonly Mode[] = values.mode === undefined ? ['embedded', 'cluster'] : [values.mode as Mode];

for (const mode of modes) {
  console.log(
    `chaos: ${mode}, ${minutes} minutes; the same again: npm run chaos -- --mode ${mode} --minutes ${minutes} --seed ${seed}`,
  );
  const started = Date.now();
  const say = (line: string) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(7)} s  ${line}`);
  const report = await runChaos({ ...usualChaos(mode, seed), minutes, atMostMs: Math.max(10, minutes + 5) * 60_000, say });
  console.log(describeReport(report));
  if (report.violations.length > 0) process.exitCode = 1;
}
