import type { NewQueuedRun, Records, RunRecord, RunRecords } from '../../src/contract/records.js';
import { forceEnd } from './force-end.js';

/** What can be switched off, to see that the checker finds what comes of it. `counting` is switched off in the database itself. */
export const guards = ['durable accept', 'compare-and-set of the end', 'leases', 'recovery'] as const;
export type Guard = (typeof guards)[number];

/** The records without one of their guards. */
export function breakGuard(records: Records, guard: Guard, database: { dataFolder: string; url: string | null }): Records {
  const { runs } = records;
  switch (guard) {
    case 'durable accept':
      return { ...records, runs: acceptTooEarly(runs) };
    case 'compare-and-set of the end':
      return {
        ...records,
        runs: { ...runs, end: async (claim, end) => (await runs.end(claim, end)) || forceEnd(claim.runId, end, database) },
      };
    case 'leases':
      return { ...records, runs: { ...runs, renew: async (claims) => claims.map(() => 'held') } };
    case 'recovery':
      return {
        ...records,
        runs: { ...runs, recoverLost: async () => ({ announce: [], ended: [] }), unclaimed: async () => [] },
      };
  }
}

const writtenLateMs = 400;

/** Says yes at once and writes later, as a server does that keeps what it accepts in memory. */
function acceptTooEarly(runs: RunRecords): RunRecords {
  const unwritten = new Map<string, RunRecord>();
  return {
    ...runs,
    accept: async (run) => {
      unwritten.set(run.id, asIfAccepted(run));
      setTimeout(() => void runs.accept(run).finally(() => unwritten.delete(run.id)), writtenLateMs);
    },
    get: async (id) => unwritten.get(id) ?? runs.get(id),
  };
}

function asIfAccepted(run: NewQueuedRun): RunRecord {
  const now = Date.now();
  return {
    ...run,
    mode: 'queued',
    state: 'queued',
    reason: null,
    message: null,
    exitCode: null,
    attempt: 0,
    fence: 1,
    dueAt: now,
    announcedAt: now,
    leaseUntil: null,
    leaseOwner: null,
    deaths: 0,
    cancelRequestedAt: null,
    createdAt: now,
    startedAt: null,
    endedAt: null,
    timings: null,
    payloadBytes: 0,
    resultBytes: 0,
  };
}
