import { sql } from './kysely.js';
import type { Line, LostClaim } from '../contract/records.js';
import type { Backend } from './backend.js';
import { primaryKeyOfRuns } from './dialect.js';
import { linesOf } from './release-runs.js';
import { moveTo } from './run-ends.js';

const maxDeaths = 3;
const claimsAtOnce = 1000;

/** Running runs whose lease ended, or whose owner is not the only one that can be alive. */
export async function findLost({ db, dialect }: Backend, limit: number, allOthersOf: string | null): Promise<LostClaim[]> {
  const isOver = sql`lease_until < ${sql.raw(dialect.now)}`;
  const isLost = allOthersOf === null ? isOver : sql`(${isOver} or lease_owner <> ${allOthersOf})`;
  const { rows } = await sql<LostClaim>`
    select id as "runId", fence, lease_until as "leaseUntil" from runs ${sql.raw(dialect.indexedBy('runs_leased'))}
    where state = 'running' and ${isLost} order by lease_until limit ${limit}`.execute(db);
  return rows;
}

/** no-lost-run: back to queued, cancelled when that was asked for, or failed at the third death. */
export async function recoverLost(
  backend: Backend,
  claims: readonly LostClaim[],
): Promise<{ recovered: number; lines: Line[]; ended: string[] }> {
  const all: TakenBack[] = [];
  for (let from = 0; from < claims.length; from += claimsAtOnce) {
    all.push(...(await recoverSome(backend, claims.slice(from, from + claimsAtOnce))));
  }
  const ready = all.filter(({ state }) => state === 'queued');
  const ended = all.filter(({ state }) => state !== 'queued');
  return { recovered: ready.length, lines: linesOf(ready), ended: ended.map(({ id }) => id) };
}

type TakenBack = Line & { id: string; state: string };

/** What was renewed, ended or claimed anew since it was looked at stays as it is. */
async function recoverSome({ db, dialect }: Backend, claims: readonly LostClaim[]): Promise<TakenBack[]> {
  const state = sql.raw(moveTo(becomes, dialect.now));
  const { rows } = await sql<TakenBack>`
    update runs ${sql.raw(dialect.indexedBy(primaryKeyOfRuns))} set ${state},
      reason = case when ${sql.raw(becomes)} = 'failed' then 'worker_lost' when ${sql.raw(becomes)} = 'queued' then reason end,
      message = case when ${sql.raw(becomes)} = 'failed' then 'Its server died in the middle of it, for the third time.'
        when ${sql.raw(becomes)} = 'queued' then message end,
      exit_code = case when ${sql.raw(becomes)} = 'queued' then exit_code end,
      deaths = deaths + 1,
      fence = fence + 1,
      ready_at = coalesce(ready_at, ${sql.raw(dialect.now)})
    where state = 'running' and id in (${sql.join(claims.map(({ runId }) => runId))}) and (id, fence, lease_until) in (
      values ${sql.join(claims.map(valuesOf))}
    )
    returning id, function, lane, state`.execute(db);
  return rows;
}

const becomes = `(case when cancel_requested_at is not null then 'cancelled' when deaths + 1 >= ${maxDeaths} then 'failed' else 'queued' end)`;

function valuesOf({ runId, fence, leaseUntil }: LostClaim) {
  return sql`(${runId}, cast(${fence} as bigint), cast(${leaseUntil} as bigint))`;
}
