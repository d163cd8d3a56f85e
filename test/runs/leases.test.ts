import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Claim, RunRecords } from '../../src/contract/records.js';
import { Leases } from '../../src/runs/leases.js';
import { until } from '../until.js';

const log = pino({ level: 'silent' });

test('an attempt that comes here while the last one is at work ends that one, and keeps its lease when it has gone', async () => {
  const renewed: Claim[] = [];
  const renew = async (claims: readonly Claim[]) => {
    renewed.push(...claims);
    return claims.map(() => 'held' as const);
  };
  const runs = { renew } as Pick<RunRecords, 'renew'> as RunRecords;
  const leases = new Leases({ runs, leaseMs: 15, renewEveryMs: 5, holdMs: 20, log, onRenewed: () => {} });
  const [first, second] = [2, 4].map((fence) => ({ runId: 'run', fence })) as [Claim, Claim];
  const signals: string[] = [];
  leases.hold(first, performance.now(), (signal) => signals.push(`first ${signal}`));
  leases.hold(second, performance.now(), (signal) => signals.push(`second ${signal}`));
  leases.release(first);
  await until(() => renewed.length > 2);
  assert.deepEqual(signals, ['first lost']);
  assert.ok(renewed.every((claim) => claim === second));
  leases.release(second);
  leases.close();
});

test('a lease that could not be renewed for its length is overdue, and in time again with the next renewal', async () => {
  let isAway = false;
  const renew = async (claims: readonly Claim[]) => {
    if (isAway) throw new Error('away');
    return claims.map(() => 'held' as const);
  };
  const runs = { renew } as Pick<RunRecords, 'renew'> as RunRecords;
  const holds: number[] = [];
  const leases = new Leases({ runs, leaseMs: 60, renewEveryMs: 20, holdMs: 80, log, onRenewed: (ms) => holds.push(ms) });
  const claim = { runId: 'run', fence: 1 };
  leases.hold(claim, performance.now(), () => {});
  assert.equal(leases.isOverdue(claim), false);
  isAway = true;
  await until(() => leases.isOverdue(claim));
  isAway = false;
  await until(() => !leases.isOverdue(claim));
  assert.ok(holds.length >= 2 && holds.every((ms) => ms <= 80));
  leases.release(claim);
  leases.close();
});

test('a claim that was answered late is overdue whatever was renewed while it was asked for', async () => {
  let renewals = 0;
  const renew = async (claims: readonly Claim[]) => {
    renewals += 1;
    return claims.map(() => 'held' as const);
  };
  const runs = { renew } as Pick<RunRecords, 'renew'> as RunRecords;
  const holds: number[] = [];
  const leases = new Leases({ runs, leaseMs: 600, renewEveryMs: 200, holdMs: 800, log, onRenewed: (ms) => holds.push(ms) });
  const late = { runId: 'late', fence: 1 };
  const other = { runId: 'other', fence: 1 };
  const askedAt = performance.now() - 500;
  leases.hold(late, askedAt, () => {});
  assert.ok(holds[0]! <= 300, 'others may take it that much earlier');
  leases.release(late);
  leases.hold(other, performance.now(), () => {});
  await leases.renew();
  assert.equal(renewals, 1);
  leases.hold(late, askedAt, () => {});
  assert.equal(leases.isOverdue(late), true);
  assert.equal(leases.isOverdue(other), false);
  await leases.renew();
  assert.equal(leases.isOverdue(late), false);
  leases.close();
});
