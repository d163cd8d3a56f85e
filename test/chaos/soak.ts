// npm run soak -- [--minutes 10] [--rate 60] [--seed N]
import { parseArgs } from 'node:util';
import { describeReport } from './print-report.js';
import { runSoak } from './run-soak.js';

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, rate: { type: 'string' }, seed: { type: 'string' } },
});
/** SQLite's cache of pages fills up to 16 MiB while the records grow; the rest is room for the heap's steps. */
const limits = { rssGrowthMb: 40, openFilesGrowth: 5, loopDelayP99Ms: 20 };

const started = Date.now();
const report = await runSoak({
  seconds: Number(values.minutes ?? 10) * 60,
  seed: Number(values.seed ?? Date.now() % 1_000_000),
  perSecond: Number(values.rate ?? 60),
  say: (line) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(7)} s  ${line}`),
});
console.log(describeReport(report.chaos));
console.log(`sync calls ${report.answered}, followed streams ${report.followed}`);
console.log(
  `RSS at most ${report.rssMaxMb.toFixed(0)} MiB, growth after the warm-up ${report.rssGrowthMb.toFixed(1)} MiB; ` +
    `open files growth ${report.openFilesGrowth.toFixed(1)}; ` +
    `event loop delay p99 ${report.loopDelayP99Ms.toFixed(1)} ms, in the worst sample ${report.worstLoopDelayP99Ms.toFixed(1)} ms`,
);
const failures = [
  ...report.problems,
  ...Object.entries(limits)
    .filter(([name, limit]) => report[name as keyof typeof limits] > limit)
    .map(([name, limit]) => `${name} is above ${limit}`),
];
for (const failure of failures) console.log(`FAILED: ${failure}`);
if (failures.length > 0 || report.chaos.violations.length > 0) process.exitCode = 1;
