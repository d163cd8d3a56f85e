import type { Line, RunFilter, RunRecord, RunRecords } from '../contract/records.js';
import { LanewayError } from '../errors.js';
import type { FindRuns } from './find-runs.js';
import { type BulkOutcome, forEachRun } from './for-each-run.js';
import type { AcceptedRun, RunRequest } from './run-request.js';

export interface DeadLetterParts {
  runs: RunRecords;
  find: FindRuns;
  accept: (request: RunRequest) => Promise<AcceptedRun>;
}

/** Which version a dead letter is started anew with: the one it was resolved to, or what its lane has now. */
export type RedriveVersion = 'same' | 'current';

/** Queued runs that failed or expired, kept until somebody starts them anew or throws them away. */
export class DeadLetters {
  constructor(private readonly parts: DeadLetterParts) {}

  count(): Promise<(Line & { runs: number })[]> {
    return this.parts.runs.countDead();
  }

  /** A new run with the payload of a dead letter. Rejects with `not_dead_letter`, and with the refusals of any run. */
  async redrive(id: string, how: { version: RedriveVersion; keyId: string | null }): Promise<AcceptedRun> {
    const run = await this.parts.find.get(id);
    const kept = run.deadAt === null ? null : await this.parts.runs.kept(id);
    if (kept === null) throw new LanewayError('not_dead_letter', { id });
    return this.parts.accept(requestOf(run, kept, how));
  }

  /** Redrives what fits, newest first; one that is refused does not keep the others. */
  redriveAll(
    filter: RunFilter,
    how: { version: RedriveVersion; keyId: string | null },
    isAllowed: (run: RunRecord) => boolean,
  ): Promise<BulkOutcome> {
    return forEachRun(this.parts.runs, { filter: { ...filter, dead: true }, isAllowed }, (run) => this.redrive(run.id, how));
  }

  /** Throws a dead letter away: its run stays, its payload goes. Rejects with `not_dead_letter`. */
  async purge(id: string): Promise<void> {
    if ((await this.parts.runs.purgeDead([id])) === 0) throw new LanewayError('not_dead_letter', { id });
  }

  purgeAll(filter: RunFilter, isAllowed: (run: RunRecord) => boolean): Promise<BulkOutcome> {
    return forEachRun(this.parts.runs, { filter: { ...filter, dead: true }, isAllowed }, (run) => this.purge(run.id));
  }
}

function requestOf(
  run: RunRecord,
  { invocation, payload }: { invocation: RunRequest['invocation']; payload: string | null },
  { version, keyId }: { version: RedriveVersion; keyId: string | null },
): RunRequest {
  return {
    source: run.source,
    callerId: run.callerId,
    keyId,
    function: run.function,
    lane: run.lane,
    version: version === 'same' ? run.version : '',
    type: run.type === 'exe' || run.type === 'dll' ? run.type : null,
    entryFile: run.entryFile,
    payload,
    invocation,
    timeoutMs: run.timeoutMs,
    ...(run.traceparent === null ? {} : { traceparent: run.traceparent }),
    queued: { priority: run.priority, redriveOf: run.id, ...policyOf(run) },
  };
}

/** The same retries and destinations again, as they were settled for the first run. */
function policyOf({ policy }: RunRecord): NonNullable<RunRequest['queued']> {
  if (policy === null) return {};
  const { retry, onSuccess, onFailure, hops } = policy;
  return {
    ...(hops === undefined ? {} : { hops }),
    ...(retry === null
      ? {}
      : {
          retries: {
            attempts: retry.attempts,
            ...(retry.delaysMs === null ? {} : { delays_ms: [...retry.delaysMs] }),
            backoff: retry.backoff,
            delay_ms: retry.delayMs,
            max_delay_ms: retry.maxDelayMs,
            jitter: retry.jitter,
            on: [...retry.on],
          },
        }),
    ...(onSuccess === null ? {} : { onSuccess }),
    ...(onFailure === null ? {} : { onFailure }),
  };
}
