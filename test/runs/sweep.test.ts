import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { pino } from 'pino';
import { LocalBus } from '../../src/bus/local-bus.js';
import type { Line, LostClaim, RunRecords } from '../../src/contract/records.js';
import type { Dispatcher } from '../../src/runs/dispatcher.js';
import { DueRuns } from '../../src/runs/due-runs.js';
import { Leases } from '../../src/runs/leases.js';
import { Sweep } from '../../src/runs/sweep.js';
import { acceptRun, claimedRun } from '../records/sample-runs.js';
import { type OpenRecords, sqliteWay } from '../records/ways.js';
import { until } from '../until.js';

const log = pino({ level: 'silent' });

/** A sweep every few milliseconds over real records; what it wakes is noted. */
async function open(t: TestContext, more: { runs?: Partial<RunRecords> } = {}) {
  const { records }: OpenRecords = await sqliteWay.open(t);
  const runs: RunRecords = { ...records.runs, ...more.runs };
  const woken: Line[] = [];
  let ended = 0;
  const dispatcher = {
    wake: (line: Line) => woken.push(line),
    wakeEverywhere: (lines: readonly Line[]) => woken.push(...lines),
    unblock: () => {},
  } as unknown as Dispatcher;
  const due = new DueRuns({ runs, log, onReady: (lines) => dispatcher.wakeEverywhere(lines) });
  const leases = new Leases({ runs, leaseMs: 1000, renewEveryMs: 1000, holdMs: 1000, log, onRenewed: () => {} });
  const bus = new LocalBus(log);
  const sweep = new Sweep({ runs, dispatcher, due, leases, bus, everyMs: 10, log, onEnded: () => (ended += 1) });
  t.after(async () => {
    await sweep.close();
    await due.close();
    leases.close();
  });
  return { records, runs, sweep, woken, bus, ended: () => ended, start: () => sweep.start(null) };
}

test('a line with queued runs is woken, though nobody ever announced them', async (t) => {
  const { records, woken, start } = await open(t);
  await start();
  const { function: name, lane } = await acceptRun(records);
  await until(() => woken.some((line) => line.function === name && line.lane === lane));
});

test('what another boot left running is taken back before anything is claimed', async (t) => {
  const { records, sweep } = await open(t);
  const { run } = await claimedRun(records, { leaseMs: 60_000 });
  await sweep.start('this boot');
  const now = (await records.runs.get(run.id))!;
  assert.equal(now.state, 'queued');
  assert.equal(now.deaths, 1);
});

test('no-second-live-attempt: a lease that ran out counts at the second look only', async (t) => {
  const lost: LostClaim[] = [];
  const recovered: LostClaim[] = [];
  let looks = 0;
  const { start } = await open(t, {
    runs: {
      lost: async () => {
        looks += 1;
        // Renewed between the first look and the second: another lease, which is believed no sooner.
        return lost.map((claim) => ({ ...claim, leaseUntil: looks === 1 ? 1 : 2 }));
      },
      recoverLost: async (claims) => {
        recovered.push(...claims);
        lost.length = 0;
        return { recovered: claims.length, lines: [], ended: [] };
      },
    },
  });
  lost.push({ runId: 'run', fence: 1, leaseUntil: 1 });
  await start();
  await until(() => recovered.length > 0);
  assert.deepEqual(recovered, [{ runId: 'run', fence: 1, leaseUntil: 2 }]);
  assert.ok(looks >= 3);
});

test('a run that is not begun in time ends expired, and its end is told', async (t) => {
  const { records, bus, ended, start } = await open(t);
  await start();
  const told: string[] = [];
  const { id } = await acceptRun(records, { expiresAfterMs: 1 });
  bus.subscribe(`run:${id}`, (message) => told.push(message));
  await until(async () => (await records.runs.get(id))!.state === 'expired');
  await until(() => ended() > 0);
  assert.notEqual((await records.runs.get(id))!.deadAt, null);
});

test('a delayed run is made ready when it is due', async (t) => {
  const { records, start } = await open(t);
  await start();
  const { id } = await acceptRun(records, { delayMs: 30 });
  assert.equal((await records.runs.get(id))!.readyAt, null);
  await until(async () => (await records.runs.get(id))!.readyAt !== null);
});
