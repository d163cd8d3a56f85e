import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type {
  ClaimBy,
  ClaimedRun,
  EndedSyncRun,
  LostClaim,
  NewQueuedRun,
  Records,
  RunEnd,
  RunRecord,
  RunRecords,
} from '../../src/contract/records.js';

export const invocation = { url: '/function/hello', headers: { 'x-one': '1' }, parameters: { lane: 'latest' } };
export const timings = { cold: 'first_call', fetchMs: 0.5, waitMs: 1, startMs: 2.5, runMs: 3 } as const;
export const succeeded: RunEnd = { state: 'succeeded', result: '{"done":true}', timings };
export const failed: RunEnd = { state: 'failed', reason: 'exit_code', message: 'exit code 3', exitCode: 3, timings: null };

export function newRun(more: Partial<NewQueuedRun> = {}): NewQueuedRun {
  return {
    id: randomUUID(),
    source: 'http',
    executor: 'local',
    callerId: 'someone',
    keyId: null,
    function: 'hello',
    lane: 'latest',
    version: '1.1',
    versionAsked: 'latest',
    isolation: 'process',
    type: null,
    entryFile: null,
    priority: 0,
    timeoutMs: 30_000,
    invocation,
    payload: '{"name":"world"}',
    delayMs: 0,
    policy: null,
    traceparent: null,
    redriveOf: null,
    scheduleId: null,
    expiresAfterMs: null,
    idempotency: null,
    caps: { lane: null, function: null, all: null },
    straight: null,
    ...more,
  };
}

export function endedRun(more: Partial<EndedSyncRun> = {}): EndedSyncRun {
  const { id, source, executor, callerId, keyId, version, versionAsked, isolation, type, entryFile, timeoutMs } = newRun();
  const now = Date.now();
  return {
    id,
    source,
    executor,
    callerId,
    keyId,
    function: 'hello',
    lane: 'latest',
    version,
    versionAsked,
    isolation,
    type,
    entryFile,
    timeoutMs,
    state: 'succeeded',
    reason: null,
    message: null,
    exitCode: null,
    createdAt: now,
    startedAt: now,
    endedAt: now,
    traceparent: `00-${'1f'.repeat(16)}-${'2e'.repeat(8)}-01`,
    timings,
    payloadBytes: 16,
    resultBytes: 4,
    payload: null,
    result: 'true',
    ...more,
  };
}

export async function acceptRun(records: Records, more: Partial<NewQueuedRun> = {}): Promise<NewQueuedRun> {
  const run = newRun(more);
  await records.runs.accept(run);
  return run;
}

/** An accepted run that was claimed for `leaseMs`. */
export async function claimedRun(
  records: Records,
  more: Partial<NewQueuedRun> & { owner?: string; leaseMs?: number } = {},
): Promise<ClaimedRun> {
  const { owner = 'server-a', leaseMs = 60_000, ...run } = more;
  const { id } = await acceptRun(records, run);
  return claim(records.runs, { runId: id, fence: 1 }, by(owner, leaseMs));
}

export function by(owner = 'server-a', leaseMs = 60_000, limits: ClaimBy['limits'] = null): ClaimBy {
  return { owner, leaseMs, limits };
}

/** A claim that has to succeed. */
export async function claim(runs: RunRecords, claimed: { runId: string; fence: number }, claimant: ClaimBy): Promise<ClaimedRun> {
  const answer = await runs.claim(claimed, claimant);
  assert.ok(answer !== null && answer !== 'limited');
  return answer;
}

/** All that is lost is taken back. */
export async function recoverAll(runs: RunRecords, aliveOwner: string | null = null): ReturnType<RunRecords['recoverLost']> {
  return runs.recoverLost(await runs.lost(1000, aliveOwner));
}

export function lostClaimOf({ id, fence, leaseUntil }: RunRecord): LostClaim {
  return { runId: id, fence, leaseUntil: leaseUntil! };
}

export function claimOf({ run }: ClaimedRun): { runId: string; fence: number } {
  return { runId: run.id, fence: run.fence };
}

/** A queued run that has ended. */
export async function endedQueuedRun(records: Records, end: RunEnd, more: Partial<NewQueuedRun> = {}): Promise<string> {
  const claimed = await claimedRun(records, more);
  await records.runs.end(claimOf(claimed), end);
  return claimed.run.id;
}
