import type { ClaimedRun, NewQueuedRun } from '../contract/records.js';
import { smallBodyBytes } from './body-budget.js';

/** A run that was accepted as running at a time, as its record stands: nobody needs to read it back. */
export function claimedStraight(run: NewQueuedRun, at: number, by: { owner: string; leaseMs: number }): ClaimedRun {
  const { invocation, payload, expiresAfterMs } = run;
  const payloadBytes = payload === null ? 0 : Buffer.byteLength(payload);
  return {
    invocation,
    // A large one is read back when there is room for it.
    payload: payloadBytes > smallBodyBytes ? null : payload,
    run: {
      id: run.id,
      mode: 'queued',
      source: run.source,
      executor: run.executor,
      callerId: run.callerId,
      keyId: run.keyId,
      function: run.function,
      lane: run.lane,
      version: run.version,
      versionAsked: run.versionAsked,
      isolation: run.isolation,
      type: run.type,
      entryFile: run.entryFile,
      state: 'running',
      reason: null,
      message: null,
      exitCode: null,
      attempt: 1,
      failures: 0,
      fence: 1,
      priority: run.priority,
      dueAt: at,
      readyAt: at,
      leaseUntil: at + by.leaseMs,
      leaseOwner: by.owner,
      deaths: 0,
      policy: run.policy,
      expiresAt: expiresAfterMs === null ? null : at + expiresAfterMs,
      traceparent: run.traceparent,
      redriveOf: run.redriveOf,
      redrivenAs: null,
      scheduleId: run.scheduleId,
      deadAt: null,
      delivery: null,
      cancelRequestedAt: null,
      createdAt: at,
      startedAt: at,
      endedAt: null,
      timeoutMs: run.timeoutMs,
      timings: null,
      payloadBytes,
      resultBytes: 0,
    },
  };
}
