import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeReport } from './print-report.js';
import { runChaos } from './run-chaos.js';
import { usualChaos } from './usual-chaos.js';

test('embedded: through every kind of death, every accepted run ends once', async (t) => {
  const report = await runChaos(usualChaos('embedded', 20_240_607));
  t.diagnostic(describeReport(report));
  assert.deepEqual(report.violations, [], describeReport(report));
});
