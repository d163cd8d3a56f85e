import type { RunningLimits } from '../../../contract/records.js';
import { sqliteDialect } from '../../dialect.js';
import { runColumns } from '../../run-row.js';
import { claimNextRuns, claimRun } from '../../steps/claim-runs.js';
import { carryOutSteps } from '../../steps/steps.js';
import type { ClaimAnswer, ClaimNextAnswer, Value } from '../messages.js';
import type { Database } from './database.js';
import { inRows } from './in-rows.js';

const functionAt = runColumns.indexOf('function');
const laneAt = runColumns.indexOf('lane');

/** One run for one owner. */
export function prepareClaim(database: Database) {
  // no-second-live-attempt: one statement checks and takes, and the fence moves on for every claim.
  const claim = database.prepare(
    `update runs set state = 'running', counted = counted + 1, fence = fence + 1, attempt = attempt + 1, lease_owner = ?1, lease_until = ?2, started_at = ?3
     where id = ?4 and fence = ?5 and state = 'queued' and ready_at is not null and (expires_at is null or expires_at > ?3)
     returning ${runColumns.join(', ')}, invocation, payload, bodies_apart`,
  );
  const readPayload = database.prepare(`select invocation, body, kept_in from run_bodies where run_id = ? and kind = 'payload'`);
  return (values: readonly Value[]): ClaimAnswer => {
    const [id, fence, owner, leaseMs, limits] = values as [string, number, string, number, string | null];
    if (limits !== null) {
      const by = { owner, leaseMs, limits: JSON.parse(limits) as RunningLimits };
      return carryOutSteps(claimRun(sqliteDialect, { runId: id, fence }, by), database.execute);
    }
    const now = database.now();
    const run = claim.get([owner, now + leaseMs, now, id, fence]) as Value[] | undefined;
    if (run === undefined) return null;
    database.counts.moved({ function: run[functionAt] as string, lane: run[laneAt] as string }, 'queued', 'running');
    const isApart = run.pop() !== 0;
    run.push(null);
    const body = isApart ? (readPayload.get([id]) as Value[] | undefined) : undefined;
    return body === undefined ? run : [...run.slice(0, runColumns.length), ...body];
  };
}

/** The first runs of a line for one owner. */
export function prepareClaimNext(database: Database) {
  return (values: readonly Value[]): ClaimNextAnswer => {
    const [functionName, lane, count, owner, leaseMs, limits] = values as [string, string, number, string, number, string | null];
    const by = { owner, leaseMs, limits: limits === null ? null : (JSON.parse(limits) as RunningLimits) };
    return carryOutSteps(claimNextRuns(sqliteDialect, { line: { function: functionName, lane }, count, by }), database.execute);
  };
}

/** Lengthens leases that are still held. */
export function prepareRenew(database: Database) {
  const renew = database.prepare(
    `update runs set lease_until = ? where id = ? and fence = ? and state = 'running' returning cancel_requested_at`,
  );
  return (values: readonly Value[]): ('held' | 'cancel' | 'lost')[] => {
    const until = database.now() + (values[0] as number);
    return inRows(values.slice(1), 2).map(([id, fence]) => {
      const renewed = renew.get([until, id, fence]) as Value[] | undefined;
      if (renewed === undefined) return 'lost';
      return renewed[0] === null ? 'held' : 'cancel';
    });
  };
}
