import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { pino } from 'pino';
import type { Records } from '../../src/contract/records.js';
import type { ScheduleDefinition, ScheduleRecord } from '../../src/contract/schedules.js';
import { LanewayError } from '../../src/errors.js';
import type { RunRequest } from '../../src/runs/run-request.js';
import { carryOn, type CarryOnParts } from '../../src/schedules/carry-on.js';
import { fireTick } from '../../src/schedules/fire-tick.js';
import { newRun } from '../records/sample-runs.js';
import { sqliteWay } from '../records/ways.js';

const first = Date.UTC(2026, 0, 1);
const second = 1000;
const log = pino({ level: 'silent' });

function definition(more: Partial<ScheduleDefinition> = {}): ScheduleDefinition {
  return {
    id: randomUUID(),
    name: 's',
    function: 'f',
    lane: 'latest',
    version: '',
    timing: { kind: 'every', everyMs: second, from: first - second },
    payload: null,
    overlap: 'queue',
    catchUp: 'all',
    onFailure: null,
    origin: 'api',
    keyId: null,
    ...more,
  };
}

/** A server's hands on real records: what accepts, cancels and finds runs, with a fault where a test wants one. */
function partsOn(
  records: Records,
  faults: { accept?: (request: RunRequest) => void; advance?: () => void; shared?: boolean } = {},
) {
  const accepted: string[] = [];
  const cancelled: string[] = [];
  const parts: CarryOnParts = {
    log,
    shared: faults.shared ?? false,
    isClosing: () => false,
    schedules: {
      advance: async (...step) => {
        faults.advance?.();
        return records.schedules.advance(...step);
      },
    },
    runs: {
      accept: (async (request: RunRequest) => {
        faults.accept?.(request);
        const { id = randomUUID(), source, payload, queued } = request;
        await records.runs.accept(newRun({ id, source, payload, function: request.function, scheduleId: queued!.scheduleId! }));
        accepted.push(id);
        return { id };
      }) as CarryOnParts['runs']['accept'],
      cancel: async (id) => {
        cancelled.push(id);
        await records.runs.requestCancel(id);
        return (await records.runs.get(id))!;
      },
      find: {
        get: async (id: string) => {
          const run = await records.runs.get(id);
          if (run === null) throw new LanewayError('run_not_found', { id });
          return run;
        },
      } as CarryOnParts['runs']['find'],
    },
  };
  return { parts, accepted, cancelled };
}

async function open(
  t: TestContext,
  more: Partial<ScheduleDefinition> = {},
): Promise<{ records: Records; schedule: ScheduleRecord }> {
  const { records } = await sqliteWay.open(t);
  return { records, schedule: await records.schedules.put(definition(more), first) };
}

/** Ticks of all runs there are, sorted. */
async function ticksOf(records: Records): Promise<number[]> {
  const runs = await records.runs.list({}, 500, null);
  const payloads = await Promise.all(runs.map(({ id }) => records.runs.payload(id)));
  const ticks = payloads.map((payload) => Date.parse((JSON.parse(payload!) as { tick: string }).tick));
  return ticks.sort((one, two) => one - two);
}

test('killed between the acceptance of a run and the note that it fired: nothing is lost, nothing doubled', async (t) => {
  const { records, schedule } = await open(t);
  const { parts } = partsOn(records);
  const fired = await fireTick(schedule, { tick: first, now: first }, parts);
  assert.equal(fired.kind, 'fired');
  // The server that comes next finds the tick still due.
  const again = (await records.schedules.due(first, 1, null))[0]!;
  const next = partsOn(records);
  assert.deepEqual(await carryOn(again, first, next.parts), { kind: 'done' });
  assert.deepEqual(next.accepted, []);
  assert.deepEqual(await ticksOf(records), [first]);
  const after = (await records.schedules.get(schedule.id))!;
  assert.deepEqual([after.fired, after.lastRunId, after.nextAt], [1, fired.kind === 'fired' && fired.runId, first + second]);
});

test('two servers at the same tick start one run', async (t) => {
  const { records, schedule } = await open(t);
  const servers = Array.from({ length: 4 }, () => partsOn(records));
  await Promise.all(servers.map(({ parts }) => carryOn(schedule, first + 5 * second, parts)));
  const left = (await records.schedules.get(schedule.id))!;
  if (left.nextAt! <= first + 5 * second) await carryOn(left, first + 5 * second, servers[0]!.parts);
  assert.deepEqual(
    await ticksOf(records),
    [0, 1, 2, 3, 4, 5].map((index) => first + index * second),
  );
  assert.equal((await records.schedules.get(schedule.id))!.fired, 6);
});

test('whatever fails wherever on whichever server: every tick has exactly one run in the end', async (t) => {
  const { records } = await sqliteWay.open(t);
  const fault = fc.constantFrom('none', 'before accept', 'after accept', 'before advance');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fault, fc.nat({ max: 3 })), { minLength: 1, maxLength: 12 }), async (attempts) => {
      const schedule = await records.schedules.put(definition({ name: randomUUID(), function: randomUUID() }), first);
      let now = first;
      const carry = async (kind: string, parts: CarryOnParts) => {
        const current = (await records.schedules.get(schedule.id))!;
        const carried = await carryOn(current, now, parts).catch((error: unknown) => ({ kind: 'later' as const, error }));
        if (kind === 'none') assert.equal(carried.kind, 'done');
      };
      for (const [kind, passed] of attempts) {
        now += passed * second;
        const dies = () => {
          throw new Error(`died ${kind}`);
        };
        const { parts } = partsOn(records, {
          ...(kind === 'before accept' ? { accept: dies } : {}),
          ...(kind === 'before advance' ? { advance: dies } : {}),
        });
        if (kind === 'after accept') {
          const current = (await records.schedules.get(schedule.id))!;
          if (current.nextAt! <= now) await fireTick(current, { tick: current.nextAt!, now }, parts);
        } else {
          await Promise.all([carry(kind, parts), carry('beside it', partsOn(records).parts)]);
        }
      }
      for (let left = schedule; left.nextAt! <= now; left = (await records.schedules.get(schedule.id))!) {
        await carry('beside it', partsOn(records).parts);
      }
      const runs = await records.runs.list({ function: schedule.function }, 500, null);
      const due = Math.floor((now - first) / second) + 1;
      const after = (await records.schedules.get(schedule.id))!;
      assert.deepEqual([runs.length, after.fired, after.skipped], [due, due, 0]);
    }),
    { numRuns: 40 },
  );
});

test('refused for now the tick stays due; refused for good it is skipped with the reason', async (t) => {
  const { records, schedule } = await open(t);
  for (const code of ['queue_full', 'records_unavailable', 'shutting_down', 'store_unavailable'] as const) {
    const { parts } = partsOn(records, {
      accept: () => {
        throw new LanewayError(code, { scope: 'f', limit: 1, problem: 'away' });
      },
    });
    assert.equal((await carryOn(schedule, first, parts)).kind, 'later');
    assert.equal((await records.schedules.get(schedule.id))!.nextAt, first);
  }
  const { parts } = partsOn(records, {
    accept: () => {
      throw new LanewayError('function_not_found', { function: 'f' });
    },
  });
  assert.equal((await carryOn(schedule, first, parts)).kind, 'done');
  const skipped = (await records.schedules.get(schedule.id))!;
  assert.deepEqual([skipped.skipped, skipped.nextAt, skipped.lastProblem], [1, first + second, 'There is no function f.']);
});

test('a version that only other servers know yet is waited for, and not for ever', async (t) => {
  const { records, schedule } = await open(t, { timing: { kind: 'once', at: first } });
  const { parts } = partsOn(records, {
    shared: true,
    accept: () => {
      throw new LanewayError('version_not_found', { function: 'f', lane: 'latest', version: '1.2' });
    },
  });
  assert.equal((await carryOn(schedule, first + 9 * second, parts)).kind, 'later');
  assert.equal((await records.schedules.get(schedule.id))!.nextAt, first);
  assert.equal((await carryOn(schedule, first + 10 * second, parts)).kind, 'done');
  assert.equal((await records.schedules.get(schedule.id))!.skipped, 1);
});

test('somebody who takes the id of a tick for a run of their own keeps it from firing, and that shows', async (t) => {
  const { records, schedule } = await open(t);
  let wanted = '';
  const spying = partsOn(records, {
    accept: ({ id }) => {
      wanted = id!;
      throw new LanewayError('shutting_down');
    },
  });
  await carryOn(schedule, first, spying.parts);
  await records.runs.accept(newRun({ id: wanted, source: 'http' }));
  await carryOn(schedule, first, partsOn(records).parts);
  const after = (await records.schedules.get(schedule.id))!;
  assert.deepEqual([after.fired, after.skipped], [0, 1]);
  assert.match(after.lastProblem!, /used for another run/);
});

test('cancelling the run before never means the run of the tick itself', async (t) => {
  const { records, schedule } = await open(t, { overlap: 'cancel_previous' });
  const { parts, accepted, cancelled } = partsOn(records);
  await carryOn(schedule, first, parts);
  // As after a change that put the tick back: it is looked at a second time.
  await records.schedules.put({ ...schedule, timing: { kind: 'every', everyMs: second, from: first - 5 * second } }, first);
  await carryOn((await records.schedules.get(schedule.id))!, first, parts);
  assert.deepEqual([accepted.length, cancelled], [1, []]);
  await carryOn((await records.schedules.get(schedule.id))!, first + second, parts);
  assert.deepEqual(cancelled, [accepted[0]]);
});

test('a schedule that was changed or paused meanwhile is left alone', async (t) => {
  const { records, schedule } = await open(t);
  const changed = await records.schedules.put(
    { ...schedule, timing: { kind: 'once', at: first + 9 * second } },
    first + 9 * second,
  );
  await carryOn(schedule, first, partsOn(records).parts);
  assert.deepEqual(await records.schedules.get(schedule.id), changed);
});
