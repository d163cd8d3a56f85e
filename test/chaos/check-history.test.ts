import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHistory, checkOverlaps } from './check-history.js';
import type { Order } from './functions.js';
import type { Execution, History, Move } from './history.js';

const order: Order = {
  id: 'run',
  kind: 'echo',
  payload: { n: 1, ms: 5, text: 'hello' },
  delayMs: null,
  expiresAfterMs: null,
  priority: null,
};
const line = (attempt: number, what: Execution['what'], at: number): Execution => ({ runId: 'run', attempt, what, pid: 7, at });
const move = (from: Move['from'], to: Move['to'], fence = 2): Move => {
  return { runId: 'run', mode: 'queued', from, to, fromFence: from === null ? null : fence, toFence: to === null ? null : fence };
};

/** One run that was accepted, carried out and answered as it should. */
const good: History = {
  orders: new Map([['run', order]]),
  acknowledged: new Set(['run']),
  cancelAsked: new Set(),
  cancelTold: new Set(),
  moves: [move(null, 'queued'), move('queued', 'running'), move('running', 'succeeded')],
  runs: [{ id: 'run', mode: 'queued', callerId: null, state: 'succeeded', reason: null, message: null, attempt: 1 }],
  counted: { queued: 0, running: 0, succeeded: 1, accepted: 1 },
  results: new Map([['run', JSON.stringify(order.payload)]]),
  events: [{ runId: 'run', attempt: 1, count: 3, firstSeq: 1, lastSeq: 3, said: 3 }],
  executions: [line(1, 'begin', 10), line(1, 'end', 20)],
  workersKilled: 0,
  outages: [],
  leaseMs: 0,
};
const run = good.runs[0]!;
const keyed = { ...run, callerId: 'key' };
const overlapping = [line(1, 'begin', 10), line(2, 'begin', 20), line(1, 'alive', 30)];

/** What is wrong in the history, and what the checker must call it. */
const bad: [what: string, name: string, change: Partial<History>][] = [
  ['an acknowledged run without a record', 'fake accept', { acknowledged: new Set(['run', 'other']) }],
  ['a run that is running for ever', 'lost run', { runs: [{ ...run, state: 'running' }] }],
  ['an end after an end', 'double end', { moves: [...good.moves, move('succeeded', 'failed')] }],
  ['the same end written twice', 'double end', { moves: [...good.moves, move('succeeded', 'succeeded')] }],
  ['a run that is queued again after its end', 'double end', { moves: [...good.moves, move('failed', 'queued')] }],
  ['an end that was never moved to', 'double end', { moves: good.moves.slice(0, 2) }],
  ['an end without a claim', 'impossible move', { moves: [move(null, 'queued'), move('queued', 'succeeded')] }],
  ['a fence that falls', 'impossible move', { moves: [{ ...move('queued', 'running'), toFence: 1 }] }],
  ['two runs of one idempotency key', 'key used twice', { runs: [keyed, { ...keyed, id: 'other' }] }],
  ['an expiry that nobody asked for', 'wrong end', { runs: [{ ...run, state: 'expired' }] }],
  ['a run that is gone', 'forgotten run', { moves: [...good.moves, move('succeeded', null)] }],
  ['a sign of life after the next attempt began', 'second live attempt', { executions: overlapping }],
  ['an attempt that began twice', 'second live attempt', { executions: [line(1, 'begin', 10), line(1, 'begin', 11)] }],
  ['a count that is too high', 'drift', { counted: { ...good.counted, succeeded: 2 } }],
  ['an acceptance that is not counted', 'drift', { counted: { ...good.counted, accepted: 0 } }],
  ['a state that is counted and not there', 'drift', { counted: { ...good.counted, queued: 1 } }],
  ["another run's result", 'wrong result', { results: new Map([['run', '{"n":2}']]) }],
  ['no result', 'wrong result', { results: new Map() }],
  ['a failure of a function that can not fail', 'wrong end', { runs: [{ ...run, state: 'failed', reason: 'timeout' }] }],
  ['a cancel that nobody asked for', 'wrong end', { runs: [{ ...run, state: 'cancelled' }] }],
  ['success after the caller was told it is cancelled', 'cancel taken back', { cancelTold: new Set(['run']) }],
  ['a gap in the log', 'broken log', { events: [{ ...good.events[0]!, lastSeq: 4 }] }],
  ['a log without its end', 'broken log', { orders: new Map([['run', { ...order, kind: 'chatty' }]]) }],
];

test('a good history has no violation', () => assert.deepEqual(checkHistory(good), []));

for (const [what, name, change] of bad) {
  test(`found: ${what}`, () => {
    const names = checkHistory({ ...good, ...change }).map((violation) => violation.name as string);
    assert.ok(names.includes(name), `found ${names.join()}`);
  });
}

test('an overlap is explained only by an outage while both attempts were there', () => {
  const outage = { what: 'pause', from: 12, until: 18 };
  const explained = (outages: History['outages']) =>
    checkOverlaps({ ...good, executions: overlapping, outages }).map(({ isExplained }) => isExplained);
  assert.deepEqual(explained([]), [false]);
  assert.deepEqual(explained([outage]), [true]);
  assert.deepEqual(explained([{ ...outage, from: 1, until: 9 }]), [false]);
  assert.deepEqual(explained([{ ...outage, from: 21, until: 29 }]), [false]);
});

test('killed workers explain as many failures as there were kills', () => {
  const failed = { ...run, state: 'failed' as const, reason: 'exit_code', message: 'the process was ended by signal SIGKILL' };
  const wrongEnds = (workersKilled: number) =>
    checkHistory({ ...good, runs: [failed], workersKilled }).filter((violation) => violation.name === 'wrong end').length;
  assert.deepEqual([wrongEnds(0), wrongEnds(1)], [1, 0]);
});
