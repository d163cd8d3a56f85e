import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import type { Claim, Line, RunEnd, RunRecord, RunRecords } from '../contract/records.js';
import type { AttemptTracer } from '../contract/tracing.js';
import type { RunState } from '../contract/words.js';
import { LanewayError, messageOf } from '../errors.js';
import { type AttemptClock, endedQueuedAttempt, queuedMsOf } from './ended-attempt.js';
import { logEnd, runFields } from './log-run.js';
import { type EventRecorder, tellState } from './record-events.js';
import { areRecordsAway } from './records-away.js';
import type { RunCounts } from './run-counts.js';

export interface WriteEndParts {
  runs: RunRecords;
  bus: Bus;
  recorder: EventRecorder;
  counts: RunCounts;
  tracer: AttemptTracer | null;
  log: Logger;
  isDraining: () => boolean;
  /** A run was handed back: its line has a ready run, which should not be tried again at once when a part is away. */
  onHandedBack: (line: Line, isPartAway: boolean) => void;
  /** A run was put off: it is due in so many milliseconds. */
  onPutOff: (ms: number) => void;
  /** A run ended whose end is to be told. */
  onToTell: () => void;
}

/** Between tries while the records are away. */
const retryMs = 500;
/** How long a closing server waits for the records to take an end. */
const patienceOfClosingMs = 2000;

/** Gives a run back, ready for another server; again and again while the records are away, like an end. */
export async function handBack(
  claim: Claim,
  { run, isPartAway }: { run: RunRecord; isPartAway: boolean },
  parts: WriteEndParts,
): Promise<void> {
  const isHandedBack = await whenRecordsAnswer(() => parts.runs.handBack(claim), run, parts);
  if (isHandedBack) parts.onHandedBack(run, isPartAway);
}

/**
 * Writes the end, again and again while the records are away: the lease decides whether it still counts. A server that
 * closes, or an end that the records do not take, leaves the run to whoever finds its lease run out.
 */
export async function writeEnd(
  { claim, clock, run, end }: { claim: Claim; clock: AttemptClock; run: RunRecord; end: RunEnd },
  parts: WriteEndParts,
  isLost: () => boolean,
): Promise<void> {
  const state = await whenRecordsAnswer(
    async () => {
      // What it said belongs before its end, and waits for the records like it.
      if (!(await parts.recorder.flush())) throw new LanewayError('records_unavailable', { problem: 'its log is not written' });
      // no-double-end: compare-and-set on the fence; null means that another attempt has the run now.
      return isLost() ? null : parts.runs.end(claim, end);
    },
    run,
    parts,
  );
  if (state !== null) {
    const written = { ...end, became: state };
    tellTimes(run, written, { clock, parts });
    return tellWritten(run, written, parts);
  }
  parts.log.warn({ ...runFields(run), fence: claim.fence, state: end.state }, 'a late end was dropped');
}

/** Tries again while the records are away; a server that closes gives up after a moment, and rejects. */
async function whenRecordsAnswer<Answer>(write: () => Promise<Answer>, run: RunRecord, parts: WriteEndParts): Promise<Answer> {
  let giveUpAt = Infinity;
  for (let tries = 1; ; tries += 1) {
    try {
      return await write();
    } catch (error) {
      if (tries === 1) {
        parts.log.warn({ ...runFields(run), err: error }, `the end of an attempt waits for the records: ${messageOf(error)}`);
      }
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
  { clock, parts }: { clock: AttemptClock; parts: WriteEndParts },
): void {
  const { counts, tracer } = parts;
  const { recordMs } = clock;
  const queuedMs = queuedMsOf(run);
  counts.times.addQueued(queuedMs, recordMs);
  tracer?.attemptEnded(endedQueuedAttempt(run, end, { clock, queuedMs, recordMs, tracer }));
}

function tellWritten(run: RunRecord, end: RunEnd & { became: RunState }, parts: WriteEndParts): void {
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
  tellState(bus, run.id, 'ended');
  if (run.policy?.onSuccess || run.policy?.onFailure) parts.onToTell();
}
