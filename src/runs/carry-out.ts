import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import type { Executor } from '../contract/executor.js';
import type { Claim, ClaimedRun, Line, RunEnd, RunRecord, RunRecords } from '../contract/records.js';
import type { FunctionStore } from '../contract/store.js';
import type { AttemptTracer } from '../contract/tracing.js';
import type { RunState } from '../contract/words.js';
import { LanewayError, messageOf } from '../errors.js';
import type { ActiveRun, ActiveRuns } from './active-runs.js';
import { attemptOf } from './attempt-of.js';
import { type BodyBudget, smallBodyBytes } from './body-budget.js';
import { chooseEntry } from './choose-entry.js';
import { endOfAttempt, endOfFailure } from './end-of-attempt.js';
import { AttemptClock, endedQueuedAttempt, queuedMsOf } from './ended-attempt.js';
import type { Leases } from './leases.js';
import { logEnd, runFields } from './log-run.js';
import { millisecondsSince } from './prepare-run.js';
import { type EventRecorder, type FeedMessage, runTopic } from './record-events.js';
import type { RunCounts } from './run-counts.js';
import { areRecordsAway } from './records-away.js';
import type { PreparedRun } from './run-request.js';

export interface CarryOutParts {
  runs: RunRecords;
  store: FunctionStore;
  bodies: BodyBudget;
  executor: Executor;
  bus: Bus;
  active: ActiveRuns;
  leases: Leases;
  recorder: EventRecorder;
  counts: RunCounts;
  tracer: AttemptTracer | null;
  log: Logger;
  isDraining: () => boolean;
  /** A run was handed back: its line has a ready run. */
  onHandedBack: (line: Line) => void;
  /** A run was put off: it is due in so many milliseconds. */
  onPutOff: (ms: number) => void;
  /** A run ended whose end is to be told. */
  onToTell: () => void;
}

/** Waits between tries while a part is away. */
const retryMs = 500;
const storeAwayMs = 2000;
/** How long a closing server waits for the records to take an end. */
const patienceOfClosingMs = 2000;

/**
 * One claimed run to the end in the records:
 * fetch -> execute -> end (running -> an end state), put off (running -> queued, due later), or hand back (running ->
 * queued, ready). Whatever fails between is either an end with a reason or leaves the lease to run out. Never rejects.
 */
export async function carryOut(claimed: ClaimedRun, parts: CarryOutParts): Promise<void> {
  const { run } = claimed;
  const claim = { runId: run.id, fence: run.fence };
  const clock = new AttemptClock();
  let lost = false;
  parts.leases.hold(claim, (signal) => {
    lost ||= signal === 'lost';
    parts.executor.cancel(run.id);
  });
  try {
    const end = await endOf(claimed, { claim, clock }, parts);
    clock.stop();
    if (end !== 'hand back') await writeEnd({ claim, clock, run, end }, parts, () => lost);
    else if (await parts.runs.handBack(claim)) parts.onHandedBack(run);
  } catch (error) {
    // no-lost-run: its lease runs out, and the sweep takes it back.
    parts.log.error({ ...runFields(run), err: error }, `the run is left to the sweep: ${messageOf(error)}`);
  } finally {
    parts.leases.release(claim);
    parts.active.remove(run.id, run.fence);
  }
}

/** What this attempt came to. */
async function endOf(
  claimed: ClaimedRun,
  { claim, clock }: { claim: Claim; clock: AttemptClock },
  parts: CarryOutParts,
): Promise<RunEnd | 'hand back'> {
  const { run } = claimed;
  // bounded: large payloads wait for each other, not for memory.
  const giveRoom = run.payloadBytes > smallBodyBytes ? await parts.bodies.take(run.payloadBytes, null) : null;
  try {
    const prepared = await prepareClaimed(claimed, parts);
    clock.runtime = prepared.entry.runtime;
    parts.active.add(beActive(prepared, run));
    publish(parts.bus, run.id, { state: 'running' });
    parts.log.info(runFields(run), `run started, attempt ${run.attempt}`);
    const sink = parts.recorder.sinkFor(run.id, run.attempt);
    const attempt = attemptOf(prepared, run.attempt, { wait: 'patient', tracer: parts.tracer });
    const outcome = await parts.executor.execute(attempt, sink);
    // clean-drain: what the closing server ended in the middle is carried out by the next one. So is what was ended
    // because this server could not renew its lease.
    const isLost = !outcome.ok && outcome.reason === 'worker_lost';
    if (isLost && (parts.isDraining() || parts.leases.isOverdue(claim))) return 'hand back';
    const end = endOfAttempt(run, outcome, prepared.fetchMs);
    if (end.state === 'queued') sink.putOff(end);
    return end;
  } catch (error) {
    return endOfRefusal(error, run, parts);
  } finally {
    giveRoom?.();
  }
}

async function prepareClaimed(claimed: ClaimedRun, { runs, store }: CarryOutParts): Promise<PreparedRun> {
  const { run, invocation } = claimed;
  const payload = run.payloadBytes > smallBodyBytes ? await runs.payload(run.id) : claimed.payload;
  const begun = performance.now();
  const found = store.deployed({ function: run.function, lane: run.lane, version: run.version });
  const version = found instanceof Promise ? await found : found;
  const type = run.type === 'exe' || run.type === 'dll' ? run.type : null;
  return {
    id: run.id,
    request: {
      source: run.source,
      callerId: run.callerId,
      keyId: run.keyId,
      function: run.function,
      lane: run.lane,
      version: run.versionAsked,
      type,
      entryFile: run.entryFile,
      payload,
      invocation,
      ...(run.traceparent === null ? {} : { traceparent: run.traceparent }),
    },
    version,
    entry: chooseEntry(version, run.entryFile, type),
    isolation: run.isolation ?? 'process',
    timeoutMs: run.timeoutMs,
    fetchMs: found instanceof Promise ? millisecondsSince(begun) : 0,
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
  return endOfFailure(run, { reason, message: messageOf(error), exitCode: null, timings: null });
}

/**
 * Writes the end, again and again while the records are away: the lease decides whether it still counts. A server that
 * closes, or an end that the records do not take, leaves the run to whoever finds its lease run out.
 */
async function writeEnd(
  { claim, clock, run, end }: { claim: Claim; clock: AttemptClock; run: RunRecord; end: RunEnd },
  parts: CarryOutParts,
  isLost: () => boolean,
): Promise<void> {
  await parts.recorder.flush();
  let giveUpAt = Infinity;
  for (let tries = 1; ; tries += 1) {
    try {
      // no-double-end: compare-and-set on the fence; null means that another attempt has the run now.
      const state = isLost() ? null : await parts.runs.end(claim, end);
      if (state !== null) {
        const written = { ...end, became: state };
        tellTimes(run, written, { clock, parts });
        return tellWritten(run, written, parts);
      }
      parts.log.warn({ ...runFields(run), fence: claim.fence, state: end.state }, 'a late end was dropped');
      return;
    } catch (error) {
      if (tries === 1)
        parts.log.warn({ ...runFields(run), err: error }, `the end of a run waits for the records: ${messageOf(error)}`);
      // clean-drain: within a bound, also when the records are away.
      if (parts.isDraining()) giveUpAt = Math.min(giveUpAt, Date.now() + patienceOfClosingMs);
      if (!areRecordsAway(error) || Date.now() >= giveUpAt) throw error;
      await sleep(retryMs);
    }
  }
}

function tellTimes(
  run: RunRecord,
  end: RunEnd & { became: RunState },
  { clock, parts }: { clock: AttemptClock; parts: CarryOutParts },
): void {
  const { counts, tracer } = parts;
  const { recordMs } = clock;
  const queuedMs = queuedMsOf(run);
  counts.times.addQueued(queuedMs, recordMs);
  tracer?.attemptEnded(endedQueuedAttempt(run, end, { clock, queuedMs, recordMs, tracer }));
}

function tellWritten(run: RunRecord, end: RunEnd & { became: RunState }, parts: CarryOutParts): void {
  const { counts, log, bus } = parts;
  const failure = end.state === 'failed' || end.state === 'queued' ? end : null;
  if (end.became === 'queued' && end.state === 'queued') {
    counts.putOff(end.reason, end.timings);
    parts.onPutOff(end.retryInMs);
    log.warn(
      { ...runFields(run), reason: end.reason },
      `attempt ${run.attempt} failed, next in ${end.retryInMs} ms: ${end.message}`,
    );
    return;
  }
  const ended = {
    ...run,
    mode: 'queued' as const,
    state: end.became,
    reason: end.became === 'failed' ? (failure?.reason ?? null) : null,
    message: end.state === 'succeeded' ? null : end.message,
    timings: end.timings,
  };
  counts.ended(ended);
  logEnd(log, ended);
  publish(bus, run.id, { state: 'ended' });
  if (run.policy?.onSuccess || run.policy?.onFailure) parts.onToTell();
}

function publish(bus: Bus, runId: string, message: FeedMessage): void {
  bus.publish(runTopic(runId), JSON.stringify(message));
}
