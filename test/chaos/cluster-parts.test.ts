import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithout } from '../servers/find-binary.js';
import { vsftpdMissing } from '../servers/vsftpd.js';
import { describeReport } from './print-report.js';
import { runChaos } from './run-chaos.js';
import { usualChaos } from './usual-chaos.js';

const skip = skipWithout('redis-server', 'postgres') || (vsftpdMissing() ?? false);

test('cluster: through every kind of death of Redis, PostgreSQL and FTP, every accepted run ends once', { skip }, async (t) => {
  const report = await runChaos({ ...usualChaos('cluster', 20_240_607), about: 'parts' });
  t.diagnostic(describeReport(report));
  assert.deepEqual(report.violations, [], describeReport(report));
});
