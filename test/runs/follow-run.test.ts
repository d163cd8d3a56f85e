import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { pino } from 'pino';
import type { Bus } from '../../src/contract/bus.js';
import type { Records, RunEvent, RunRecords } from '../../src/contract/records.js';
import { LocalBus } from '../../src/bus/local-bus.js';
import { ActiveRuns } from '../../src/runs/active-runs.js';
import { FindRuns } from '../../src/runs/find-runs.js';
import { FollowRun } from '../../src/runs/follow-run.js';
import { tellState } from '../../src/runs/record-events.js';
import { WriteBehind } from '../../src/runs/write-behind.js';
import { acceptRun, claim, claimedRun, claimOf, by, succeeded } from '../records/sample-runs.js';
import { sqliteWay } from '../records/ways.js';
import { until } from '../until.js';

const log = pino({ level: 'silent' });

interface Opened {
  records: Records;
  bus: Bus;
  following: FollowRun;
  /** How many runs each look asked for. */
  looks: number[];
  reads: () => number;
}

/** Records and a bus that nobody publishes on, as if each message were lost. */
async function openFollowing(t: TestContext, lookEveryMs = 20): Promise<Opened> {
  const { records } = await sqliteWay.open(t);
  const bus = new LocalBus(log);
  const looks: number[] = [];
  let reads = 0;
  const runs: RunRecords = {
    ...records.runs,
    get: (id) => {
      reads += 1;
      return records.runs.get(id);
    },
    howFar: (ids) => {
      looks.push(ids.length);
      return records.runs.howFar(ids);
    },
  };
  const writeBehind = new WriteBehind({ runs, log, onWritten: () => undefined }, 10);
  const find = new FindRuns({ runs, active: new ActiveRuns(), writeBehind });
  const following = new FollowRun(
    { runs, events: records.events, find, bus, log },
    { maxFollowers: 1000, bufferBytes: 2 ** 20, lookEveryMs },
  );
  return { records, bus, following, looks, reads: () => reads };
}

/** What a follower hears, until the run has ended. */
function follow({ following }: Opened, runId: string, stop = new AbortController()) {
  const heard: string[] = [];
  const done = (async () => {
    for await (const item of await following.follow(runId, null, stop.signal)) {
      heard.push('event' in item ? item.event.data : item.ended.state);
    }
  })();
  return { heard, done, stop };
}

function event(runId: string, seq: number): RunEvent {
  return { runId, attempt: 1, seq, at: 1000, kind: 'log', stream: 'stdout', data: `line ${seq}` };
}

test('a follower learns of events and of the end although every message was lost', async (t) => {
  const opened = await openFollowing(t);
  const claimed = await claimedRun(opened.records);
  const { id } = claimed.run;
  const follower = follow(opened, id);
  await until(() => opened.looks.length > 0);
  await opened.records.events.append([event(id, 1), event(id, 2)]);
  await until(() => follower.heard.length === 2);
  await opened.records.events.append([event(id, 3)]);
  await until(() => follower.heard.length === 3);
  await opened.records.runs.end(claimOf(claimed), succeeded);
  await follower.done;
  assert.deepEqual(follower.heard, ['line 1', 'line 2', 'line 3', 'succeeded']);
});

test('a follower is told at once of what is not lost', async (t) => {
  const opened = await openFollowing(t, 3_600_000);
  const { id } = await acceptRun(opened.records);
  const follower = follow(opened, id);
  await until(() => opened.reads() >= 2);
  const claimed = await claim(opened.records.runs, { runId: id, fence: 1 }, by());
  await opened.records.runs.end(claimOf(claimed), succeeded);
  tellState(opened.bus, id, 'ended');
  await follower.done;
  assert.deepEqual(follower.heard, ['succeeded']);
});

test('quiet followers are looked after together: one question for all, and nothing is read anew', async (t) => {
  const opened = await openFollowing(t);
  const ids = await Promise.all(Array.from({ length: 20 }, async () => (await acceptRun(opened.records)).id));
  const followers = ids.flatMap((id) => [follow(opened, id), follow(opened, id)]);
  await until(() => opened.looks.includes(20));
  const [reads, looks] = [opened.reads(), opened.looks.length];
  await until(() => opened.looks.length >= looks + 3);
  assert.equal(opened.reads(), reads);
  for (const { stop } of followers) stop.abort();
  await Promise.all(followers.map(({ done }) => done));
  assert.equal(opened.following.open, 0);
});

test('nobody is looked after once the last follower has left', async (t) => {
  const opened = await openFollowing(t);
  const { id } = await acceptRun(opened.records);
  const follower = follow(opened, id);
  await until(() => opened.looks.length > 0);
  follower.stop.abort();
  await follower.done;
  const looks = opened.looks.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(opened.looks.length <= looks + 1);
});

test('followers stay when the records can not be looked at for a while', async (t) => {
  const opened = await openFollowing(t);
  const claimed = await claimedRun(opened.records);
  const follower = follow(opened, claimed.run.id);
  await until(() => opened.looks.length > 0);
  let refused = 0;
  const away = t.mock.method(opened.records.runs, 'howFar', () => {
    refused += 1;
    return Promise.reject(new Error('away'));
  });
  await until(() => refused >= 2);
  away.mock.restore();
  await opened.records.runs.end(claimOf(claimed), succeeded);
  await follower.done;
  assert.deepEqual(follower.heard, ['succeeded']);
});
