import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import type { AttemptOutcome, Executor } from '../contract/executor.js';
import type { Announcement } from '../contract/queue.js';
import type { Claim, ClaimedRun, RunEnd, RunRecord, RunRecords } from '../contract/records.js';
import type { FunctionStore } from '../contract/store.js';
import { LanewayError, messageOf } from '../errors.js';
import type { ActiveRun, ActiveRuns } from './active-runs.js';
import { attemptOf } from './attempt-of.js';
import { chooseEntry } from './choose-entry.js';
import type { Leases } from './leases.js';
import { logEnd, runFields } from './log-run.js';
import { type EventRecorder, type FeedMessage, runTopic } from './record-events.js';
import type { RunCounts } from './run-counts.js';
import { areRecordsAway } from './records-away.js';
import type { PreparedRun } from './run-request.js';

export interface CarryOutParts {
  /** This boot of this server, the owner of the leases. */
  owner: string;
  leaseMs: number;
  runs: RunRecords;
  store: FunctionStore;
  executor: Executor;
  bus: Bus;
  active: ActiveRuns;
  leases: Leases;
  recorder: EventRecorder;
  counts: RunCounts;
  log: Logger;
  isDraining: () => boolean;
  /** Announces a run that was handed back. */
  announce: (claims: readonly Claim[]) => Promise<void>;
}

/** Waits between tries while a part is away. */
const retryMs = 500;
const storeAwayMs = 2000;
/** How long a closing server waits for the records to take an end. */
const patienceOfClosingMs = 2000;

/**
 * One announcement from the queue to the end in the records:
 * claim (queued -> running) -> fetch -> execute -> end (running -> an end state), or hand back (running -> queued).
 * Whatever fails between is either an end with a reason or leaves the lease to run out. Never rejects.
 */
export async function carryOut(announcement: Announcement, parts: CarryOutParts): Promise<void> {
  try {
    const claimed = await parts.runs.claim(announcement, parts.owner, parts.leaseMs);
    if (claimed !== null) await carryOutClaimed(claimed, parts);
  } catch (error) {
    parts.log.warn({ err: error, runId: announcement.runId }, `the run stays queued: ${messageOf(error)}`);
  }
}

async function carryOutClaimed(claimed: ClaimedRun, parts: CarryOutParts): Promise<void> {
  const { run } = claimed;
  const claim = { runId: run.id, fence: run.fence };
  let lost = false;
  parts.leases.hold(claim, (signal) => {
    lost ||= signal === 'lost';
    parts.executor.cancel(run.id);
  });
  try {
    const end = await endOf(claimed, parts);
    if (end === 'hand back') await handBack(claim, parts);
    else await writeEnd({ claim, run, end }, parts, () => lost);
  } finally {
    parts.leases.release(claim);
    parts.active.remove(run.id, run.fence);
  }
}

/** What this attempt came to. */
async function endOf(claimed: ClaimedRun, parts: CarryOutParts): Promise<RunEnd | 'hand back'> {
  const { run } = claimed;
  try {
    const prepared = await prepareClaimed(claimed, parts.store);
    const active = beActive(prepared, run);
    parts.active.add(active);
    publish(parts.bus, run.id, { state: 'running' });
    parts.log.info(runFields(run), `run started, attempt ${run.attempt}`);
    const outcome = await parts.executor.execute(
      attemptOf(prepared, run.attempt, 'patient'),
      parts.recorder.sinkFor(run.id, run.attempt),
    );
    // clean-drain: what the closing server ended in the middle is carried out by the next one.
    const wasCutOff = !outcome.ok && outcome.reason === 'worker_lost' && parts.isDraining();
    return wasCutOff ? 'hand back' : toEnd(outcome);
  } catch (error) {
    return endOfRefusal(error, run, parts);
  }
}

async function prepareClaimed({ run, invocation, payload }: ClaimedRun, store: FunctionStore): Promise<PreparedRun> {
  const version = await store.deployed({ function: run.function, lane: run.lane, version: run.version });
  const type = run.type === 'exe' || run.type === 'dll' ? run.type : null;
  return {
    id: run.id,
    request: { ...run, version: run.versionAsked, type, payload, invocation },
    version,
    entry: chooseEntry(version, run.entryFile, type),
    isolation: run.isolation ?? 'process',
    timeoutMs: run.timeoutMs,
  };
}

function beActive(prepared: PreparedRun, run: RunRecord): ActiveRun {
  return {
    prepared,
    mode: 'queued',
    attempt: run.attempt,
    fence: run.fence,
    createdAt: run.createdAt,
    startedAt: run.startedAt ?? Date.now(),
  };
}

function toEnd(outcome: AttemptOutcome): RunEnd {
  const { timings } = outcome;
  if (outcome.ok) return { state: 'succeeded', result: outcome.result, timings };
  if (outcome.reason === 'cancelled') return { state: 'cancelled', message: outcome.message, timings };
  return { state: 'failed', reason: outcome.reason, message: outcome.message, exitCode: outcome.exitCode ?? null, timings };
}

/** A refusal before anything ran: some pass (the store is away, the server closes), the others end the run. */
async function endOfRefusal(error: unknown, run: RunRecord, { log }: CarryOutParts): Promise<RunEnd | 'hand back'> {
  const code = error instanceof LanewayError ? error.code : 'internal';
  if (code === 'shutting_down') return 'hand back';
  if (code === 'store_unavailable' || code === 'server_busy') {
    log.warn({ ...runFields(run), err: error }, `the run is handed back: ${messageOf(error)}`);
    await sleep(storeAwayMs, undefined, { ref: false });
    return 'hand back';
  }
  const reason = code === 'isolation_unavailable' ? 'no_executor' : code === 'internal' ? 'worker_lost' : 'bad_artifact';
  if (code === 'internal') log.error({ ...runFields(run), err: error }, 'the run could not be carried out');
  return { state: 'failed', reason, message: messageOf(error), exitCode: null, timings: null };
}

async function handBack(claim: Claim, parts: CarryOutParts): Promise<void> {
  if (await parts.runs.handBack(claim)) await parts.announce([claim]);
}

/**
 * Writes the end, again and again while the records are away: the lease decides whether it still counts. A server that
 * closes, or an end that the records do not take, leaves the run to whoever finds its lease run out.
 */
async function writeEnd(
  { claim, run, end }: { claim: Claim; run: RunRecord; end: RunEnd },
  parts: CarryOutParts,
  isLost: () => boolean,
): Promise<void> {
  await parts.recorder.flush();
  let giveUpAt = Infinity;
  for (let tries = 1; ; tries += 1) {
    try {
      // no-double-end: compare-and-set on the fence; false means that another attempt has the run now.
      const written = !isLost() && (await parts.runs.end(claim, end));
      if (!written) {
        parts.log.warn({ ...runFields(run), fence: claim.fence, state: end.state }, 'a late end was dropped');
        return;
      }
      break;
    } catch (error) {
      if (tries === 1)
        parts.log.warn({ ...runFields(run), err: error }, `the end of a run waits for the records: ${messageOf(error)}`);
      // clean-drain: within a bound, also when the records are away.
      if (parts.isDraining()) giveUpAt = Math.min(giveUpAt, Date.now() + patienceOfClosingMs);
      if (!areRecordsAway(error) || Date.now() >= giveUpAt) {
        parts.log.error(
          { ...runFields(run), err: error, state: end.state },
          `the end of a run is not recorded: ${messageOf(error)}`,
        );
        return;
      }
      await sleep(retryMs);
    }
  }
  const ended = { ...run, mode: 'queued' as const, state: end.state, ...endFields(end) };
  parts.counts.ended(ended);
  logEnd(parts.log, ended);
  publish(parts.bus, run.id, { state: 'ended' });
}

function endFields(end: RunEnd): Pick<RunRecord, 'reason' | 'message' | 'timings'> {
  return {
    reason: end.state === 'failed' ? end.reason : null,
    message: end.state === 'succeeded' ? null : end.message,
    timings: end.timings,
  };
}

function publish(bus: Bus, runId: string, message: FeedMessage): void {
  bus.publish(runTopic(runId), JSON.stringify(message));
}
