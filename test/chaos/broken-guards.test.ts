import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { skipWithout } from '../servers/find-binary.js';
import { vsftpdMissing } from '../servers/vsftpd.js';
import type { ViolationName } from './check-history.js';
import type { PlannedFault } from './fault-plan.js';
import { describeReport } from './print-report.js';
import { runChaos, type ChaosOptions } from './run-chaos.js';
import { usualChaos } from './usual-chaos.js';

// A checker that can't fail proves nothing: with a guard switched off it must find what the guard keeps away.

const skip = skipWithout('redis-server', 'postgres') || (vsftpdMissing() ?? false);
const load = { clients: 16, maxOpen: 100, longestNapMs: 1000 };
const naps = { clients: 8, maxOpen: 30, only: 'nap' as const };
const kill: PlannedFault = { afterRuns: 100, fault: { kind: 'kill server', server: 0, downMs: 0 } };

test('no-fake-accept: an acceptance before the write is found', () =>
  finds('fake accept', { ...usualChaos('embedded', 11), load, brokenGuard: 'durable accept', faults: [kill, kill] }));

test('no-lost-run: runs that nobody takes back are found', () =>
  finds('lost run', { ...usualChaos('embedded', 12), load, brokenGuard: 'recovery', faults: [kill], patienceMs: 3000 }));

test('conservation: a move that is not counted is found', () =>
  finds('drift', { ...usualChaos('embedded', 13), load, brokenGuard: 'counting', faults: [kill], patienceMs: 1500 }));

test('no-second-live-attempt: runs whose leases are not renewed are found', { skip }, () => {
  const options = { ...usualChaos('cluster', 14), leaseMs: 1000, load: { ...naps, longestNapMs: 2000 } };
  const aWhileLater: PlannedFault = { afterRuns: 60, fault: { kind: 'flush redis' } };
  return finds('second live attempt', { ...options, brokenGuard: 'leases', faults: [aWhileLater] });
});

test('no-double-end: a late end that counts is found', { skip }, () => {
  const options = { ...usualChaos('cluster', 15), leaseMs: 1000, load: { ...naps, longestNapMs: 800 } };
  const pause = (server: number): PlannedFault => ({ afterRuns: 40, fault: { kind: 'pause server', server, pausedMs: 4000 } });
  return finds('double end', { ...options, brokenGuard: 'compare-and-set of the end', faults: [pause(0), pause(1)] });
});

async function finds(name: ViolationName, options: ChaosOptions): Promise<void> {
  const report = await runChaos(options);
  if (report.folder !== null) await rm(report.folder, { recursive: true, force: true });
  const found = new Set(report.violations.map((violation) => violation.name));
  assert.ok(found.has(name), describeReport(report));
}
