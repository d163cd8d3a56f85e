import { sql } from 'kysely';
import type { Claim } from '../contract/records.js';
import type { Announcement } from '../contract/queue.js';
import type { Backend } from './backend.js';

const maxDeaths = 3;
/** SQLite and PostgreSQL both take tens of thousands of parameters in one statement, not more. */
const claimsAtOnce = 1000;
/** SQLite's own name for it. By the state it would go through all queued runs for each of these. */
const primaryKey = 'sqlite_autoindex_runs_1';

interface UnclaimedQuery {
  announcedBefore: number;
  limit: number;
  after: { dueAt: number; id: string } | null;
}

/** Due runs that nobody took since they were announced, oldest due first. */
export async function unclaimed(
  { db, dialect }: Backend,
  { announcedBefore, limit, after }: UnclaimedQuery,
): Promise<(Announcement & { dueAt: number })[]> {
  const now = sql.raw(dialect.now);
  const { rows } = await sql<Announcement & { dueAt: number }>`
    select id as "runId", fence, priority, due_at as "dueAt" from runs ${sql.raw(dialect.indexedBy('runs_due'))}
    where state = 'queued' and due_at <= ${now} and (announced_at is null or announced_at < ${announcedBefore})
      ${after === null ? sql`` : sql`and (due_at, id) > (${after.dueAt}, ${after.id})`}
    order by due_at, id limit ${limit}`.execute(db);
  return rows;
}

/** Moves the fence on for each run that still stands at its fence, so that its earlier announcement no longer counts. */
export async function announceAgain({ db, dialect }: Backend, claims: readonly Claim[]): Promise<Announcement[]> {
  const announced: Announcement[] = [];
  for (let from = 0; from < claims.length; from += claimsAtOnce) {
    const some = claims.slice(from, from + claimsAtOnce);
    const { rows } = await sql<Announcement>`
      update runs ${sql.raw(dialect.indexedBy(primaryKey))} set fence = fence + 1, announced_at = ${sql.raw(dialect.now)}
      where state = 'queued' and id in (${sql.join(some.map(({ runId }) => runId))}) and (id, fence) in (
        values ${sql.join(some.map(({ runId, fence }) => sql`(${runId}, cast(${fence} as bigint))`))}
      )
      returning id as "runId", fence, priority`.execute(db);
    announced.push(...rows);
  }
  return announced;
}

/**
 * Takes back runs whose server died: the lease ended, or its owner is not the only one that can be alive.
 * no-lost-run: back to queued, cancelled when that was asked for, or failed at the third death.
 */
export async function recoverLost(
  { db, dialect }: Backend,
  limit: number,
  allOthersOf: string | null,
): Promise<{ announce: Announcement[]; ended: string[] }> {
  const now = sql.raw(dialect.now);
  const isLost = allOthersOf === null ? sql`lease_until < ${now}` : sql`(lease_until < ${now} or lease_owner <> ${allOthersOf})`;
  const isOver = sql`(cancel_requested_at is not null or deaths + 1 >= ${maxDeaths})`;
  const { rows } = await sql<Announcement & { state: string }>`
    with lost as materialized (
      select id from runs ${sql.raw(dialect.indexedBy('runs_leased'))}
      where state = 'running' and ${isLost} order by lease_until limit ${limit} ${sql.raw(dialect.skipLocked)}
    )
    update runs set
      state = case
        when cancel_requested_at is not null then 'cancelled'
        when deaths + 1 >= ${maxDeaths} then 'failed'
        else 'queued' end,
      reason = case when cancel_requested_at is null and deaths + 1 >= ${maxDeaths} then 'worker_lost' end,
      message = case when cancel_requested_at is null and deaths + 1 >= ${maxDeaths}
        then 'Its server died in the middle of it, for the third time.' end,
      ended_at = case when ${isOver} then ${now} end,
      deaths = deaths + 1,
      fence = fence + 1,
      announced_at = ${now},
      lease_owner = null,
      lease_until = null
    where id in (select id from lost) and state = 'running' and ${isLost}
    returning id as "runId", fence, priority, state`.execute(db);
  return {
    announce: rows.filter(({ state }) => state === 'queued').map(({ runId, fence, priority }) => ({ runId, fence, priority })),
    ended: rows.filter(({ state }) => state !== 'queued').map(({ runId }) => runId),
  };
}
