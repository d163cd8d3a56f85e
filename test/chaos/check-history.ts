import type { RunState } from '../../src/contract/words.js';
import { linesOf, resultOf } from './functions.js';
import { endStates, type Execution, type History, type Move, type RecordedRun } from './history.js';

export type ViolationName =
  | 'fake accept'
  | 'lost run'
  | 'key used twice'
  | 'double end'
  | 'second live attempt'
  | 'drift'
  | 'impossible move'
  | 'forgotten run'
  | 'wrong end'
  | 'wrong result'
  | 'broken log'
  | 'cancel taken back'
  | 'server crashed'
  | 'unclean drain'
  | 'worker left behind';

export interface Violation {
  name: ViolationName;
  /** The run, if it is one run's. */
  runId: string | null;
  problem: string;
}

/** Looks for everything that must never be in a history. Stands on what the harness saw, not on what the server says. */
export function checkHistory(history: History): Violation[] {
  return [
    ...checkAccepted(history),
    ...checkKeys(history),
    ...checkMoves(history),
    ...checkEnds(history),
    ...checkKilledWorkers(history),
    ...checkLogs(history),
    ...checkOverlaps(history).filter(({ isExplained }) => !isExplained),
    ...checkCounts(history),
  ];
}

/** no-fake-accept: what the caller was told is accepted is in the records. */
function checkAccepted({ acknowledged, runs }: History): Violation[] {
  const recorded = new Set(runs.map(({ id }) => id));
  return [...acknowledged]
    .filter((id) => !recorded.has(id))
    .map((id) => ({ name: 'fake accept', runId: id, problem: 'it was acknowledged and is not in the records' }));
}

/** An idempotency key started one run, however often its request was sent. */
function checkKeys({ runs }: History): Violation[] {
  const first = new Map<string, string>();
  return runs.flatMap(({ id, callerId }): Violation[] => {
    const other = callerId === null ? undefined : first.get(callerId);
    if (callerId !== null && other === undefined) first.set(callerId, id);
    return other === undefined ? [] : [{ name: 'key used twice', runId: id, problem: `it has the key of ${other}` }];
  });
}

const moves: readonly string[] = [
  // Accepted, or accepted as running at once.
  'new queued',
  'new running',
  // Announced again; claimed; given up before it began.
  'queued queued',
  'queued running',
  'queued cancelled',
  'queued expired',
  // Marked for a cancel; given back, retried or recovered; ended.
  'running running',
  'running queued',
  ...endStates.map((state) => `running ${state}`),
];

/** no-double-end: nothing leaves an end state. And every move is one of the state machine, with a fence that never falls. */
function checkMoves({ moves: seen }: History): Violation[] {
  return seen.flatMap((move) => {
    const problem = `${move.from ?? 'new'} -> ${move.to ?? 'deleted'}, fence ${move.fromFence} -> ${move.toFence}`;
    const name = nameOfBadMove(move);
    return name === null ? [] : [{ name, runId: move.runId, problem }];
  });
}

function nameOfBadMove({ mode, from, to, fromFence, toFence }: Move): ViolationName | null {
  if (to === null) return 'forgotten run';
  if (from !== null && endStates.includes(from)) return 'double end';
  if (mode === 'sync') return from === null && endStates.includes(to) ? null : 'impossible move';
  if (!moves.includes(`${from ?? 'new'} ${to}`)) return 'impossible move';
  return fromFence !== null && toFence !== null && toFence < fromFence ? 'impossible move' : null;
}

/** no-lost-run: every run in the records has ended, once, in a way that its function can end, with the right result. */
function checkEnds(history: History): Violation[] {
  const ends = new Map<string, number>();
  for (const { runId, from, to } of history.moves) {
    if (to !== null && endStates.includes(to) && !(from !== null && endStates.includes(from)))
      ends.set(runId, (ends.get(runId) ?? 0) + 1);
  }
  return history.runs.flatMap((run): Violation[] => {
    if (!endStates.includes(run.state))
      return [{ name: 'lost run', runId: run.id, problem: `it is ${run.state} still, at attempt ${run.attempt}` }];
    if (ends.get(run.id) !== 1)
      return [{ name: 'double end', runId: run.id, problem: `it went into an end state ${ends.get(run.id) ?? 0} times` }];
    return checkEnd(run, history);
  });
}

function checkEnd(run: RecordedRun, { orders, results, cancelAsked, cancelTold }: History): Violation[] {
  const order = orders.get(run.id);
  if (order === undefined) return [];
  const violation = (name: ViolationName, problem: string): Violation[] => [{ name, runId: run.id, problem }];
  const how = `${order.kind} ended ${run.state} ${run.reason ?? ''} ${run.message ?? ''}`;
  if (cancelTold.has(run.id) && run.state !== 'cancelled') return violation('cancel taken back', how);
  if (run.state === 'cancelled') return cancelAsked.has(run.id) ? [] : violation('wrong end', how);
  if (run.state === 'failed') {
    // Its server died three times in the middle of it; or its next attempt would have begun after it expires.
    const isTooLate = order.kind === 'flaky' && run.reason === 'function_error' && order.expiresAfterMs !== null;
    return run.reason === 'worker_lost' || isOfKilledWorker(run) || isTooLate ? [] : violation('wrong end', how);
  }
  if (run.state === 'expired') return order.expiresAfterMs !== null ? [] : violation('wrong end', how);
  const expected = resultOf(order);
  const result = results.get(run.id) ?? null;
  if (expected === undefined || result === JSON.stringify(expected)) return [];
  return violation('wrong result', `${order.kind} answered ${result?.slice(0, 200)}`);
}

/** A worker that is killed takes one run with it, not more. */
function checkKilledWorkers({ runs, workersKilled }: History): Violation[] {
  const taken = runs.filter(isOfKilledWorker);
  if (taken.length <= workersKilled) return [];
  const problem = `${taken.length} runs failed because of ${workersKilled} killed workers`;
  return [{ name: 'wrong end', runId: null, problem }];
}

function isOfKilledWorker({ reason, message }: RecordedRun): boolean {
  return reason === 'exit_code' && message?.includes('SIGKILL') === true;
}

/** The events of every attempt are numbered from 1 without a gap; those of an attempt that succeeded are all there. */
function checkLogs({ events, runs, orders }: History): Violation[] {
  const said = new Map(events.map((attempt) => [`${attempt.runId} ${attempt.attempt}`, attempt.said]));
  const gaps = events
    .filter(({ count, firstSeq, lastSeq }) => firstSeq !== 1 || lastSeq !== count)
    .map(({ runId, attempt, count, firstSeq, lastSeq }): Violation => {
      return { name: 'broken log', runId, problem: `attempt ${attempt} has ${count} events from ${firstSeq} to ${lastSeq}` };
    });
  const short = runs.flatMap(({ id, state, attempt }): Violation[] => {
    const wanted = linesOf[orders.get(id)?.kind ?? 'echo'];
    const got = said.get(`${id} ${attempt}`) ?? 0;
    if (state !== 'succeeded' || wanted === undefined || got === wanted) return [];
    return [{ name: 'broken log', runId: id, problem: `attempt ${attempt} succeeded and said ${got} of ${wanted} things` }];
  });
  return [...gaps, ...short];
}

/** A sign of life of an attempt after a later one of the same run began, or an attempt begun twice. */
export function checkOverlaps({ executions, outages, leaseMs }: History): (Violation & { isExplained: boolean })[] {
  return [...byRun(executions)].flatMap(([runId, lines]) => {
    const begins = lines.filter(({ what }) => what === 'begin');
    return begins.flatMap((later) => {
      const old = lines.filter((line) => line.at > later.at && line.attempt < later.attempt);
      const twice = begins.filter((other) => other.attempt === later.attempt && other.at < later.at);
      const last = old.at(-1);
      const first = begins.find(({ attempt }) => attempt === last?.attempt);
      // The older one may have been claimed before the outage and have begun after it.
      const claimedBy = Math.min(first?.at ?? 0, later.at - 2 * leaseMs * 1000);
      const isExplained = outages.some(({ from, until }) => from < later.at && until > claimedBy);
      const overlap =
        last === undefined
          ? []
          : [`attempt ${last.attempt} was alive ${(last.at - later.at) / 1000} ms after attempt ${later.attempt} began`];
      return [...overlap, ...twice.map(({ attempt }) => `attempt ${attempt} began twice`)].map((problem) => ({
        name: 'second live attempt' as const,
        runId,
        problem,
        isExplained: isExplained && twice.length === 0,
      }));
    });
  });
}

/** conservation: the server's counters, the rows and the moves tell the same. */
function checkCounts({ counted, runs, moves: seen }: History): Violation[] {
  const rows = new Map<string, number>();
  const moved = new Map<string, number>();
  const add = (sums: Map<string, number>, state: RunState | 'accepted', by: number) =>
    sums.set(state, (sums.get(state) ?? 0) + by);
  for (const { state } of runs) {
    add(rows, state, 1);
    add(rows, 'accepted', 1);
  }
  for (const { from, to } of seen) {
    add(moved, from ?? 'accepted', from === null ? 1 : -1);
    if (to !== null) add(moved, to, 1);
  }
  const states = new Set([...Object.keys(counted), ...rows.keys(), ...moved.keys()]);
  return [...states].flatMap((state): Violation[] => {
    const numbers = [counted[state] ?? 0, rows.get(state) ?? 0, moved.get(state) ?? 0] as const;
    if (numbers[0] === numbers[1] && numbers[1] === numbers[2]) return [];
    return [{ name: 'drift', runId: null, problem: `${state}: counted ${numbers[0]}, rows ${numbers[1]}, moved ${numbers[2]}` }];
  });
}

function byRun(executions: readonly Execution[]): Map<string, Execution[]> {
  const runs = new Map<string, Execution[]>();
  for (const line of executions) {
    const lines = runs.get(line.runId);
    if (lines === undefined) runs.set(line.runId, [line]);
    else lines.push(line);
  }
  return runs;
}
