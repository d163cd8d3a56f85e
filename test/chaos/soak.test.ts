import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeReport } from './print-report.js';
import { runSoak } from './run-soak.js';

// How fast the event loop turns is printed and not asserted: this machine may have other things to do.
const limits = { rssMb: 500, openFilesGrowth: 10 };

test('under a steady load no file stays open, memory is bounded, and every run ends once', async (t) => {
  const report = await runSoak({ seconds: 25, seed: 5, perSecond: 40, say: () => undefined });
  const { rssMaxMb, rssGrowthMb, openFilesGrowth, loopDelayP99Ms, answered, followed } = report;
  t.diagnostic(describeReport(report.chaos));
  t.diagnostic(`RSS ${rssMaxMb.toFixed(0)} MiB, growth ${rssGrowthMb.toFixed(1)} MiB, files ${openFilesGrowth.toFixed(1)}`);
  t.diagnostic(`event loop delay p99 ${loopDelayP99Ms.toFixed(1)} ms; sync calls ${answered}, followed streams ${followed}`);
  assert.deepEqual(report.chaos.violations, []);
  assert.deepEqual(report.problems, []);
  assert.ok(answered > 0 && followed > 0);
  assert.ok(openFilesGrowth < limits.openFilesGrowth, `${openFilesGrowth} files were left open`);
  assert.ok(rssMaxMb < limits.rssMb, `${rssMaxMb} MiB`);
});

test('a file that stays open for every run is found', async () => {
  const { openFilesGrowth } = await runSoak({
    seconds: 10,
    seed: 6,
    perSecond: 40,
    brokenGuard: 'closed files',
    say: () => undefined,
  });
  assert.ok(openFilesGrowth > limits.openFilesGrowth, `${openFilesGrowth} files were left open`);
});
