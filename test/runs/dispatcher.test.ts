import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { pino } from 'pino';
import { LocalBus } from '../../src/bus/local-bus.js';
import type { ClaimBy, ClaimedRun, Line, RunRecord, RunRecords } from '../../src/contract/records.js';
import { EmbeddedQueue } from '../../src/queue/embedded-queue.js';
import { Dispatcher } from '../../src/runs/dispatcher.js';
import { lineKey } from '../../src/runs/places.js';
import type { QueueLimits } from '../../src/runs/queue-limits.js';
import { until } from '../until.js';

const log = pino({ level: 'silent' });
const slow = { function: 'slow', lane: 'latest' };
const quick = { function: 'quick', lane: 'latest' };

/** Ready runs by line, as the records would hand them out; what begins stays under way until it is let go. */
function open(t: TestContext, places: number, forAnybody: number, shared = false) {
  const bus = new LocalBus(log);
  const ready = new Map<string, ClaimedRun[]>();
  const begun: ClaimedRun[] = [];
  const ends = new Map<ClaimedRun, () => void>();
  let asked = 0;
  let limit = Infinity;
  let isShared = false;
  let isKeyLimited = false;
  const take = (line: Line, count: number) => (ready.get(lineKey(line)) ?? []).splice(0, count);
  const runs = {
    claimNext: async (line: Line, count: number, _by: ClaimBy) => {
      asked += 1;
      await turn();
      const under = begun.filter((one) => ends.has(one) && (isShared || lineKey(one.run) === lineKey(line))).length;
      const allowed = Math.max(0, Math.min(count, limit - under));
      return { runs: take(line, allowed), limited: allowed < count };
    },
    claim: async ({ runId }: { runId: string }) => {
      await turn();
      if (isShared && ends.size >= limit) return 'limited';
      for (const line of ready.values()) {
        const at = line.findIndex(({ run }) => run.id === runId);
        if (at >= 0) return line.splice(at, 1)[0]!;
      }
      return null;
    },
  } as unknown as RunRecords;
  const carryOut = ({ claimed }: { claimed: ClaimedRun }) => {
    begun.push(claimed);
    return new Promise<void>((resolve) => {
      ends.set(claimed, () => {
        ends.delete(claimed);
        resolve();
      });
    });
  };
  const queue = new EmbeddedQueue();
  const limits = { runningLimits: () => null, isKeyLimited: () => isKeyLimited } as unknown as QueueLimits;
  const dispatcher = new Dispatcher(
    { runs, queue, bus, limits, log, carryOut },
    { owner: 'this boot', leaseMs: 1000, places, placesKeptBack: places - forAnybody, shared },
  );
  dispatcher.start();
  t.after(async () => {
    let isStopped = false;
    void dispatcher.stop().then(() => (isStopped = true));
    await until(() => {
      for (const end of ends.values()) end();
      return isStopped;
    });
  });
  let last = 0;
  return {
    bus,
    dispatcher,
    begun,
    underWay: (line: Line) => [...ends.keys()].filter(({ run }) => lineKey(run) === lineKey(line)).length,
    endOne: (line: Line) => [...ends].find(([{ run }]) => lineKey(run) === lineKey(line))?.[1](),
    asked: () => asked,
    limitTo(runsAtOnce: number, of: 'line' | 'function' | 'key' = 'line') {
      limit = runsAtOnce;
      isShared = of !== 'line';
      isKeyLimited = of === 'key';
    },
    /** A ready run, as one that was just accepted. */
    accept(line: Line) {
      const id = String((last += 1));
      const claimed = { run: { id, fence: 1, ...line } as RunRecord } as ClaimedRun;
      ready.set(lineKey(line), [...(ready.get(lineKey(line)) ?? []), claimed]);
      void dispatcher.announce({ runId: id, fence: 1, priority: 0, ...line });
      return id;
    },
    waiting: (line: Line) => ready.get(lineKey(line))?.length ?? 0,
  };
}

test('a line takes no more than its share, and another one finds a place at once', async (t) => {
  const server = open(t, 8, 6);
  for (let count = 0; count < 100; count += 1) server.accept(slow);
  await until(() => server.underWay(slow) === 6);
  server.accept(quick);
  await until(() => server.underWay(quick) === 1);
  assert.equal(server.underWay(slow), 6);
});

test('when all places are taken, the line with the fewest runs gets the next one', async (t) => {
  const server = open(t, 4, 4);
  for (let count = 0; count < 50; count += 1) server.accept(slow);
  await until(() => server.underWay(slow) === 4);
  server.accept(quick);
  server.accept(quick);
  await until(() => server.dispatcher.waitingLines === 2);
  server.endOne(slow);
  await until(() => server.underWay(quick) === 1);
  server.endOne(slow);
  await until(() => server.underWay(quick) === 2);
  assert.equal(server.underWay(slow), 2);
});

test('a long line is carried out in the order it came, to the last run', async (t) => {
  const server = open(t, 3, 3);
  const ids = Array.from({ length: 60 }, () => server.accept(slow));
  await until(() => {
    server.endOne(slow);
    return server.begun.length === ids.length;
  });
  assert.deepEqual(
    server.begun.map(({ run }) => run.id),
    ids,
  );
});

test('a run accepted while its line is being asked is not forgotten', async (t) => {
  const server = open(t, 2, 2);
  server.dispatcher.wake(slow);
  // The question is under way and will find nothing; this run comes too late for it.
  assert.equal(server.dispatcher.waitingLines, 1);
  server.accept(slow);
  await until(() => server.underWay(slow) === 1);
  await until(() => server.dispatcher.waitingLines === 0);
});

test('a line at its limit is not asked again until a run of its function ends', async (t) => {
  const server = open(t, 8, 8);
  server.limitTo(2);
  for (let count = 0; count < 10; count += 1) server.accept(slow);
  server.dispatcher.wake(slow);
  await until(() => server.underWay(slow) === 2);
  const asked = server.asked();
  server.accept(slow);
  for (let count = 0; count < 20; count += 1) await turn();
  assert.ok(server.asked() <= asked + 1);
  server.endOne(slow);
  await until(() => server.begun.length === 3);
  assert.equal(server.underWay(slow), 2);
});

test('a place is taken straight only while nothing of the line waits', async (t) => {
  const server = open(t, 2, 1);
  assert.equal(server.dispatcher.takePlace(slow), true);
  assert.equal(server.dispatcher.takePlace(slow), false);
  server.accept(slow);
  await until(() => server.dispatcher.waitingLines === 1);
  assert.equal(server.dispatcher.takePlace(quick), true);
  server.dispatcher.givePlace(slow);
  assert.equal(server.dispatcher.takePlace(slow), false, 'the run that waited has it');
  await until(() => server.underWay(slow) === 1);
  server.dispatcher.givePlace(quick);
});

test('a server without places claims nothing, and hands announcements on', async (t) => {
  const server = open(t, 0, 1);
  server.dispatcher.wake(slow);
  server.accept(slow);
  await turn();
  assert.equal(server.asked(), 0);
  assert.equal(server.dispatcher.waitingLines, 0);
});

for (const [limited, lines] of [
  ['function', [slow, { ...slow, lane: 'beta' }]],
  ['key', [slow, quick, { ...slow, lane: 'beta' }]],
] as const) {
  test(`a limit of a ${limited} that several lines share is given to each of them in turn`, async (t) => {
    const server = open(t, 16, 12);
    server.limitTo(1, limited);
    for (let count = 0; count < 40; count += 1) for (const line of lines) server.accept(line);
    for (let count = 1; count <= 30; count += 1) {
      await until(() => server.begun.length === count);
      server.endOne(server.begun.at(-1)!.run);
    }
    for (const line of lines) {
      const begun = server.begun.filter(({ run }) => lineKey(run) === lineKey(line)).length;
      assert.ok(begun >= 30 / lines.length - 2, `${lineKey(line)} began ${begun} of 30`);
    }
  });
}

test('clean-drain: a run that is claimed while the server stops is waited for', async (t) => {
  const server = open(t, 2, 2);
  server.accept(slow);
  server.dispatcher.wake(slow);
  let isStopped = false;
  const stopped = server.dispatcher.stop().then(() => (isStopped = true));
  await until(() => server.begun.length === 1);
  for (let count = 0; count < 10; count += 1) await turn();
  assert.equal(isStopped, false, 'it is under way');
  server.endOne(slow);
  await stopped;
});

test('other servers hear of runs of a line that waits here for long, now and then', async (t) => {
  const server = open(t, 1, 1, true);
  server.accept(slow);
  await until(() => server.underWay(slow) === 1);
  server.accept(slow);
  await until(() => server.dispatcher.waitingLines === 1);
  await turn();
  let heard = 0;
  t.after(server.bus.subscribe('lines', () => (heard += 1)));
  for (let count = 0; count < 100; count += 1) server.accept(slow);
  await until(() => heard > 0);
  assert.ok(heard < 5, `told ${heard} times of 100 runs`);
});

test('two flooded functions leave a place for a third, and a function with many lanes is one', async (t) => {
  const server = open(t, 8, 6);
  const lanes = ['a', 'b', 'c'].map((lane) => ({ function: 'slow', lane }));
  const other = { function: 'other', lane: 'latest' };
  for (let count = 0; count < 30; count += 1) for (const line of [...lanes, other]) server.accept(line);
  const underWay = () => [...lanes, other].reduce((sum, line) => sum + server.underWay(line), 0);
  await until(() => underWay() === 6);
  server.accept(quick);
  await until(() => server.underWay(quick) === 1);
  // The second one of it takes no place that is kept back.
  server.accept(quick);
  await until(() => server.dispatcher.waitingLines === 5);
  assert.equal(server.underWay(quick), 1);
});

test('a line whose run could not begin keeps no place, is left alone for a while, and is asked again', async (t) => {
  const server = open(t, 2, 2);
  server.dispatcher.pause(slow);
  const id = server.accept(slow);
  const asked = server.asked();
  server.accept(quick);
  await until(() => server.underWay(quick) === 1);
  assert.equal(server.asked(), asked);
  await until(() => server.begun.some(({ run }) => run.id === id));
});
