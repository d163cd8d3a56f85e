import { sql } from './kysely.js';
import type { ClaimedRun, RunRecords } from '../contract/records.js';
import { acceptRun } from './accept-run.js';
import type { Backend, ClaimedRow } from './backend.js';
import { cancelRun } from './cancel-run.js';
import { countByLine, countByState, countDead, countOpen, linesInQueue } from './count-runs.js';
import { purgeDead } from './purge-dead.js';
import { nextDelivery, settleDelivery, takeDeliveries } from './deliveries.js';
import { endRun, handBack } from './end-run.js';
import { expireRuns } from './expire-runs.js';
import { forgetIdempotency } from './forget-idempotency.js';
import { forgetLogs } from './forget-logs.js';
import { forgetRuns } from './forget-runs.js';
import { listRuns } from './list-runs.js';
import { howFar } from './how-far.js';
import { findLost, recoverLost } from './recover-runs.js';
import { nextDue, releaseRuns } from './release-runs.js';
import { bodyOf, keptOf, toInvocation } from './run-bodies.js';
import { runColumns, runFromRow } from './run-row.js';
import { writeSyncRuns } from './write-sync-runs.js';

/** Runs: what happens for every run goes to the hot operations, the rest is queries. */
export function runRecords(backend: Backend): RunRecords {
  const { db, dialect, hot } = backend;
  return {
    accept: (run) => acceptRun(backend, run),
    claim: async (claim, by) => {
      const claimed = await hot.claim(claim, by);
      return claimed === null || claimed === 'limited' ? claimed : toClaimedRun(claimed);
    },
    claimNext: async (line, count, by) => {
      const { runs, limited } = await hot.claimNext(line, count, by);
      return { runs: runs.map(toClaimedRun), limited };
    },
    renew: async (claims, leaseMs) => (claims.length === 0 ? [] : hot.renew(claims, leaseMs)),
    end: (claim, end) => endRun(backend, claim, end),
    handBack: (claim) => handBack(backend, claim),
    writeSync: (runs) => writeSyncRuns(backend, runs),

    get: async (id) => {
      const row = await db.selectFrom('runs').select(runColumns).where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : runFromRow(row);
    },
    list: (filter, limit, after) => listRuns(backend, { filter, limit, after }),
    howFar: (ids) => howFar(backend, ids),
    payload: (id) => bodyOf(backend, id, 'payload'),
    result: (id) => bodyOf(backend, id, 'result'),
    kept: (id) => keptOf(backend, id),

    requestCancel: (id) => cancelRun(backend, id),
    release: (limit) => releaseRuns(backend, limit),
    nextDue: () => nextDue(backend),
    linesInQueue: () => linesInQueue(backend),
    lost: (limit, allOthersOf) => findLost(backend, limit, allOthersOf),
    recoverLost: (claims) => recoverLost(backend, claims),
    expire: (limit) => expireRuns(backend, limit),

    countOpen: (functionName, lane, version) => countOpen(backend, { function: functionName, lane, version }),
    countByState: () => countByState(backend),
    countByLine: () => countByLine(backend),
    countDead: () => countDead(backend),
    purgeDead: (ids) => purgeDead(backend, ids),

    takeDeliveries: (limit, forMs) => takeDeliveries(backend, limit, forMs),
    nextDelivery: () => nextDelivery(backend),
    settleDelivery: (id, attempt, outcome) => settleDelivery(backend, { id, attempt, ...outcome }),

    forget: (what, limit) => forgetRuns(backend, what, limit),
    forgetLogs: (endedBefore, limit) => forgetLogs(backend, endedBefore, limit),
    forgetIdempotency: (limit) => forgetIdempotency(backend, limit),

    now: async () => {
      const now = sql<number>`${sql.raw(dialect.now)}`;
      return (await db.selectNoFrom(now.as('now')).executeTakeFirstOrThrow()).now;
    },
  };

  function toClaimedRun({ run, invocation, payload }: ClaimedRow): ClaimedRun {
    return {
      run: runFromRow(run),
      invocation: toInvocation(invocation),
      payload: payload.text,
    };
  }
}
