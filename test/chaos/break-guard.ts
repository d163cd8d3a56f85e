import { openSync } from 'node:fs';
import type { Records, RunRecord, RunRecords } from '../../src/contract/records.js';
import { claimedStraight } from '../../src/runs/claimed-straight.js';
import { forceEnd } from './force-end.js';

/** What can be switched off, to see that the checker finds what comes of it. `counting` is switched off in the database itself. */
export const guards = ['durable accept', 'compare-and-set of the end', 'leases', 'recovery', 'closed files'] as const;
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
        runs: { ...runs, end: async (claim, end) => (await runs.end(claim, end)) ?? forceEnd(claim.runId, end, database) },
      };
    case 'leases':
      return { ...records, runs: { ...runs, renew: async (claims) => claims.map(() => 'held') } };
    case 'recovery':
      return { ...records, runs: { ...runs, lost: async () => [] } };
    case 'closed files':
      return { ...records, runs: { ...runs, accept: async (run) => (openSync('/dev/null', 'r'), runs.accept(run)) } };
  }
}

const writtenLateMs = 400;

/** Says yes at once and writes later, as a server does that keeps what it accepts in memory. */
function acceptTooEarly(runs: RunRecords): RunRecords {
  const unwritten = new Map<string, RunRecord>();
  return {
    ...runs,
    accept: async (run) => {
      const at = Date.now();
      unwritten.set(run.id, claimedStraight(run, at, { owner: '', leaseMs: 0 }).run);
      setTimeout(() => void runs.accept({ ...run, straight: null }).finally(() => unwritten.delete(run.id)), writtenLateMs);
      return { how: 'queued', at };
    },
    get: async (id) => unwritten.get(id) ?? runs.get(id),
  };
}
