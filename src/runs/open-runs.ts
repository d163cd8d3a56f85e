import { setMaxListeners } from 'node:events';
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import type { Executor } from '../contract/executor.js';
import type { Queue } from '../contract/queue.js';
import type { Records, RunRecord } from '../contract/records.js';
import type { FunctionStore } from '../contract/store.js';
import type { AttemptTracer } from '../contract/tracing.js';
import { acceptRun } from './accept-run.js';
import { ActiveRuns } from './active-runs.js';
import { awaitEnd } from './await-end.js';
import type { BodyBudget } from './body-budget.js';
import { CancelRun } from './cancel-run.js';
import { carryOut, type CarryOutParts } from './carry-out.js';
import type { IsolationPolicy } from './choose-isolation.js';
import { DeadLetters } from './dead-letters.js';
import { Dispatcher } from './dispatcher.js';
import { DueRuns } from './due-runs.js';
import { FindRuns } from './find-runs.js';
import { FollowRun } from './follow-run.js';
import { Leases } from './leases.js';
import { leaseTimes } from './lease-times.js';
import { QueueLimits } from './queue-limits.js';
import { EventRecorder } from './record-events.js';
import { Retention, type RetentionPolicy } from './retention.js';
import { RunCounts } from './run-counts.js';
import type { AcceptedRun, RunRequest } from './run-request.js';
import { Sweep } from './sweep.js';
import { SyncCalls } from './sync-calls.js';
import { WriteBehind } from './write-behind.js';

export interface RunsParts {
  records: Records;
  store: FunctionStore;
  queue: Queue;
  executor: Executor;
  bus: Bus;
  log: Logger;
  /** Other servers may share these records. */
  shared: boolean;
  /** Keys whose queued runs under way are limited. */
  keyLimits: () => readonly { id: string; max: number }[];
  /** The leases of all runs here hold for so many milliseconds from now. */
  onLeasesRenewed: (holdMs: number) => unknown;
  /** A run ended whose end is to be told to somebody. */
  onToTell: () => void;
  /** Room for large payloads, shared with the ways in. */
  bodies: BodyBudget;
  /** Absent: traces are not exported. */
  tracer?: AttemptTracer;
}

export interface RunsPolicy {
  isolation: IsolationPolicy;
  defaultTimeoutMs: number;
  maxSyncTimeoutMs: number;
  maxQueuedTimeoutMs: number;
  /** Queued runs at the same time, and how many places of these are kept back for functions that have nothing under way. */
  places: number;
  placesKeptBack: number;
  /** A run whose server died is taken over within this time. */
  takeOverMs: number;
  /** Queued runs of one lane, and of all. */
  maxQueued: number;
  maxQueuedRuns: number;
  /** Null: a queued run never expires. */
  expiresAfterMs: number | null;
  keepIdempotencyMs: number;
  writeBehindRows: number;
  maxFollowers: number;
  followerBufferBytes: number;
  retention: RetentionPolicy;
}

/** The story of a run, as the ways in see it. */
export interface Runs {
  /**
   * From now on queued runs are claimed. Last of all: a server that is still being built would not renew leases.
   * Rejects when the records do not answer.
   */
  start(): Promise<void>;
  readonly sync: SyncCalls;
  readonly find: FindRuns;
  readonly following: FollowRun;
  readonly counts: RunCounts;
  readonly active: ActiveRuns;
  readonly limits: QueueLimits;
  readonly deadLetters: DeadLetters;
  /** Accepts a queued run; durable when it resolves. */
  accept(request: RunRequest): Promise<AcceptedRun>;
  cancel: CancelRun['cancel'];
  cancelAll: CancelRun['cancelAll'];
  /** A queued run when it has ended, or as it stands after `waitMs`. */
  awaitEnd(runId: string, waitMs: number): Promise<RunRecord>;
  /** Lines that wait for a place on this server. */
  waitingLines(): number;
  /** Run events that were given up because the records did not take them. */
  droppedEvents(): number;
  /** No new runs are taken any more. */
  isDraining(): boolean;
  /** Stops claiming, finishes or hands back what runs within `graceMs`, writes what waits, closes. */
  close(graceMs: number): Promise<void>;
}

/** How often runs are looked up whose followers hear nothing: a server that is alone loses no message of its own. */
const lookEveryMs = { shared: 5000, alone: 30_000 };

/** Builds what carries runs; nothing is claimed before `start`. */
export async function openRuns(parts: RunsParts, policy: RunsPolicy): Promise<Runs> {
  const { records, store, queue, executor, bus, log, shared, onToTell } = parts;
  const { runs, events } = records;
  const owner = randomUUID();
  const { leaseMs, renewEveryMs, sweepEveryMs, holdMs } = leaseTimes(policy.takeOverMs);
  const active = new ActiveRuns();
  const counts = new RunCounts();
  const recorder = new EventRecorder({ events, bus, log });
  const writeBehind = new WriteBehind({ runs, log, onWritten: (id) => following.tellEnded(id) }, policy.writeBehindRows);
  const find = new FindRuns({ runs, active, writeBehind });
  const following = new FollowRun(
    { runs, events, find, bus, log },
    {
      maxFollowers: policy.maxFollowers,
      bufferBytes: policy.followerBufferBytes,
      lookEveryMs: shared ? lookEveryMs.shared : lookEveryMs.alone,
    },
  );
  const limits = await QueueLimits.open({ limits: records.limits, bus, log, keyLimits: parts.keyLimits, defaults: policy });
  const leases = new Leases({ runs, log, leaseMs, renewEveryMs, holdMs, onRenewed: parts.onLeasesRenewed });
  let draining = false;
  const isDraining = () => draining;
  const tracer = parts.tracer ?? null;
  const common = { store, bodies: parts.bodies, executor, runs, active, recorder, writeBehind, counts, tracer, log, isDraining };
  const closing = new AbortController();
  // Every run that waits for its version listens to it.
  setMaxListeners(0, closing.signal);
  const carryOutParts: CarryOutParts = {
    ...common,
    closing: closing.signal,
    bus,
    leases,
    onHandedBack: (line, isPartAway) => (isPartAway ? dispatcher.pause(line) : dispatcher.wakeEverywhere([line])),
    onPutOff: (ms) => due.expect(ms),
    onToTell,
  };
  const dispatcher = new Dispatcher(
    { runs, queue, bus, limits, log, carryOut: (begun) => carryOut(begun, carryOutParts) },
    { owner, leaseMs, places: policy.places, placesKeptBack: policy.placesKeptBack, shared },
  );
  const due = new DueRuns({ runs, log, onReady: (lines) => dispatcher.wakeEverywhere(lines) });
  const sweep = new Sweep({ runs, dispatcher, due, leases, bus, everyMs: sweepEveryMs, log, onEnded: onToTell });
  const retention = new Retention({ runs, log }, policy.retention);
  const cancelling = new CancelRun({ runs, find, active, executor, bus, shared });
  const acceptParts = { ...common, owner, dispatcher, limits, due, policy: { ...policy, leaseMs } };
  const accept = (request: RunRequest) => acceptRun(request, acceptParts);

  return {
    async start() {
      await sweep.start(shared ? null : owner);
      dispatcher.start();
    },
    sync: new SyncCalls({ ...common, policy }),
    find,
    following,
    counts,
    active,
    limits,
    deadLetters: new DeadLetters({ runs, find, accept }),
    accept,
    cancel: cancelling.cancel.bind(cancelling),
    cancelAll: cancelling.cancelAll.bind(cancelling),
    awaitEnd: (runId, waitMs) => awaitEnd(runId, waitMs, { find, bus }),
    waitingLines: () => dispatcher.waitingLines,
    droppedEvents: () => recorder.dropped,
    isDraining,
    async close(graceMs) {
      // clean-drain: no new runs, what runs ends or is handed back, then what waits is written.
      draining = true;
      const stopped = dispatcher.stop();
      await sweep.close();
      await due.close();
      retention.close();
      limits.close();
      await executor.close(graceMs);
      closing.abort();
      await stopped;
      leases.close();
      cancelling.close();
      await recorder.close();
      await writeBehind.close();
    },
  };
}
