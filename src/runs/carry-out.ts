import type { Executor } from '../contract/executor.js';
import type { Claim, ClaimedRun, RunEnd, RunRecord } from '../contract/records.js';
import type { FunctionStore } from '../contract/store.js';
import type { AttemptTracer } from '../contract/tracing.js';
import { LanewayError, messageOf } from '../errors.js';
import type { ActiveRun, ActiveRuns } from './active-runs.js';
import { attemptOf } from './attempt-of.js';
import { type BodyBudget, smallBodyBytes } from './body-budget.js';
import { chooseEntry } from './choose-entry.js';
import { endOfAttempt, endOfFailure } from './end-of-attempt.js';
import { AttemptClock } from './ended-attempt.js';
import type { Leases } from './leases.js';
import { runFields } from './log-run.js';
import { millisecondsSince } from './prepare-run.js';
import { tellState } from './record-events.js';
import type { PreparedRun } from './run-request.js';
import { handBack, writeEnd, type WriteEndParts } from './write-end.js';

export interface CarryOutParts extends WriteEndParts {
  store: FunctionStore;
  bodies: BodyBudget;
  executor: Executor;
  active: ActiveRuns;
  leases: Leases;
  tracer: AttemptTracer | null;
  /** This server has waited long enough for what runs. */
  closing: AbortSignal;
}

/** A run that this server has claimed. */
export interface BegunRun {
  claimed: ClaimedRun;
  /** When the records were asked for it, by `performance.now`: its lease lasts from then on at least. */
  askedAt: number;
}

/**
 * One claimed run to the end in the records:
 * fetch -> execute -> end (running -> an end state), put off (running -> queued, due later), or hand back (running ->
 * queued, ready). Whatever fails between is either an end with a reason or leaves the lease to run out. Never rejects.
 */
export async function carryOut({ claimed, askedAt }: BegunRun, parts: CarryOutParts): Promise<void> {
  const { run } = claimed;
  const claim = { runId: run.id, fence: run.fence };
  const clock = new AttemptClock();
  let lost = false;
  parts.leases.hold(claim, askedAt, (signal) => {
    lost ||= signal === 'lost';
    parts.executor.cancel(run.id);
  });
  try {
    const end = await endOf(claimed, { claim, clock, hasLost: () => lost }, parts);
    clock.stop();
    if (typeof end === 'object') await writeEnd({ claim, clock, run, end }, parts, () => lost);
    else await handBack(claim, { run, isPartAway: end === 'a part is away' }, parts);
  } catch (error) {
    // no-lost-run: its lease runs out, and the sweep takes it back.
    parts.log.error({ ...runFields(run), err: error }, `the run is left to the sweep: ${messageOf(error)}`);
  } finally {
    parts.leases.release(claim);
    parts.active.remove(run.id, run.fence);
  }
}

/** The run is handed back: at once for another server, or for later because it could not begin here. */
type NoEnd = 'hand back' | 'a part is away';

/** What this attempt came to. */
async function endOf(
  claimed: ClaimedRun,
  { claim, clock, hasLost }: { claim: Claim; clock: AttemptClock; hasLost: () => boolean },
  parts: CarryOutParts,
): Promise<RunEnd | NoEnd> {
  const { run } = claimed;
  // bounded: large payloads wait for each other, not for memory.
  const giveRoom = run.payloadBytes > smallBodyBytes ? await parts.bodies.take(run.payloadBytes, null) : null;
  try {
    const prepared = await prepareClaimed(claimed, parts);
    // no-second-live-attempt: a server that hung in between, or waited long, may have lost the run.
    if (hasLost() || parts.leases.isOverdue(claim)) return 'hand back';
    clock.runtime = prepared.entry.runtime;
    parts.active.add(beActive(prepared, run));
    tellState(parts.bus, run.id, 'running');
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

async function prepareClaimed(claimed: ClaimedRun, { runs, store, closing }: CarryOutParts): Promise<PreparedRun> {
  const { run, invocation } = claimed;
  const payload = run.payloadBytes > smallBodyBytes ? await runs.payload(run.id) : claimed.payload;
  const begun = performance.now();
  const found = store.deployed({ function: run.function, lane: run.lane, version: run.version });
  const version = found instanceof Promise ? await unlessClosing(found, closing) : found;
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

/** clean-drain: within a bound, however slowly a version comes. Rejects with `shutting_down`. */
async function unlessClosing<Answer>(work: Promise<Answer>, closing: AbortSignal): Promise<Answer> {
  let refuse = () => {};
  const closed = new Promise<never>((_, reject) => (refuse = () => reject(new LanewayError('shutting_down'))));
  if (closing.aborted) refuse();
  closing.addEventListener('abort', refuse);
  try {
    return await Promise.race([work, closed]);
  } finally {
    closing.removeEventListener('abort', refuse);
  }
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
function endOfRefusal(error: unknown, run: RunRecord, { log }: CarryOutParts): RunEnd | NoEnd {
  const code = error instanceof LanewayError ? error.code : 'internal';
  if (code === 'shutting_down') return 'hand back';
  if (code === 'store_unavailable' || code === 'server_busy' || code === 'records_unavailable') {
    log.warn({ ...runFields(run), err: error }, `the run is handed back: ${messageOf(error)}`);
    return 'a part is away';
  }
  const reason = code === 'isolation_unavailable' ? 'no_executor' : code === 'internal' ? 'worker_lost' : 'bad_artifact';
  if (code === 'internal') log.error({ ...runFields(run), err: error }, 'the run could not be carried out');
  return endOfFailure(run, { reason, message: messageOf(error), exitCode: null, timings: null });
}
