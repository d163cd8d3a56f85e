import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import type { Executor } from '../contract/executor.js';
import type { Queue } from '../contract/queue.js';
import type { Records } from '../contract/records.js';
import type { FunctionStore } from '../contract/store.js';
import { acceptRun } from './accept-run.js';
import { ActiveRuns } from './active-runs.js';
import { CancelRun } from './cancel-run.js';
import { carryOut } from './carry-out.js';
import type { IsolationPolicy } from './choose-isolation.js';
import { FindRuns } from './find-runs.js';
import { FollowRun } from './follow-run.js';
import { Leases } from './leases.js';
import { EventRecorder } from './record-events.js';
import { Retention } from './retention.js';
import { RunCounts } from './run-counts.js';
import type { PreparedRun, RunRequest } from './run-request.js';
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
}

export interface RunsPolicy {
  isolation: IsolationPolicy;
  defaultTimeoutMs: number;
  maxSyncTimeoutMs: number;
  maxQueuedTimeoutMs: number;
  queueConcurrency: number;
  leaseMs: number;
  writeBehindRows: number;
  maxFollowers: number;
  followerBufferBytes: number;
  keepRunsMs: number;
}

/** The story of a run, as the ways in see it. */
export interface Runs {
  readonly sync: SyncCalls;
  readonly find: FindRuns;
  readonly following: FollowRun;
  readonly counts: RunCounts;
  readonly active: ActiveRuns;
  /** Accepts a queued run; durable when it resolves. */
  accept(request: RunRequest): Promise<PreparedRun>;
  cancel: CancelRun['cancel'];
  /** No new runs are taken any more. */
  isDraining(): boolean;
  /** Stops claiming, finishes or hands back what runs within `graceMs`, writes what waits, closes. */
  close(graceMs: number): Promise<void>;
}

/** Builds what carries runs and starts it: after this, queued runs are claimed. */
export async function openRuns(parts: RunsParts, policy: RunsPolicy): Promise<Runs> {
  const { records, store, queue, executor, bus, log, shared } = parts;
  const { runs, events } = records;
  const owner = randomUUID();
  const active = new ActiveRuns();
  const counts = new RunCounts();
  const recorder = new EventRecorder({ events, bus, log });
  const writeBehind = new WriteBehind({ runs, log, onWritten: (id) => following.tellEnded(id) }, policy.writeBehindRows);
  const find = new FindRuns({ runs, active, writeBehind });
  const followers = { maxFollowers: policy.maxFollowers, bufferBytes: policy.followerBufferBytes };
  const following = new FollowRun({ events, find, bus }, followers);
  const leases = new Leases({ runs, leaseMs: policy.leaseMs, log });
  const sweep = new Sweep({ runs, queue, bus, leaseMs: policy.leaseMs, log });
  const retention = new Retention({ runs, log }, policy.keepRunsMs);
  const cancelling = new CancelRun({ runs, find, active, executor, bus, shared });
  let draining = false;
  const isDraining = () => draining;
  const common = { store, executor, runs, active, recorder, writeBehind, counts, log, queue, isDraining };
  const carryOutParts = {
    ...common,
    owner,
    leaseMs: policy.leaseMs,
    bus,
    leases,
    announce: sweep.announce.bind(sweep),
  };

  await sweep.rebuild(shared ? null : owner);
  queue.start(policy.queueConcurrency, (announcement) => carryOut(announcement, carryOutParts));

  return {
    sync: new SyncCalls({ ...common, policy }),
    find,
    following,
    counts,
    active,
    accept: (request) => acceptRun(request, { ...common, policy }),
    cancel: cancelling.cancel.bind(cancelling),
    isDraining,
    async close(graceMs) {
      // clean-drain: no new runs, what runs ends or is handed back, then what waits is written.
      draining = true;
      const stopped = queue.stop();
      await sweep.close();
      retention.close();
      await executor.close(graceMs);
      await stopped;
      leases.close();
      cancelling.close();
      await recorder.close();
      await writeBehind.close();
    },
  };
}
