import type { RawBuilder } from 'kysely';
import { sql } from './kysely.js';
import type { Backend } from './backend.js';

const runsAtOnce = 200;

/** What is not kept any longer. Times are epoch milliseconds. */
export interface Forgettable {
  endedBefore: number;
  deadBefore: number;
  keepAtMost: number | null;
}

/**
 * Deletes ended runs, oldest end first, and returns how many. Dead letters have a time of their own and are not counted among
 * those to keep; a run whose end is still to be told stays. The run's own row goes last: a step that was broken off is taken up
 * again by the next call.
 */
export async function forgetRuns(backend: Backend, what: Forgettable, limit: number): Promise<number> {
  const ended = (before: number) => sql`ended_at is not null and dead_at is null and ended_at < ${before} and deliver_at is null`;
  const dead = sql`dead_at is not null and dead_at < ${what.deadBefore} and deliver_at is null`;
  let forgotten = await forgetOldest(backend, { condition: ended(what.endedBefore), time: 'ended_at' }, limit);
  forgotten += await forgetOldest(backend, { condition: dead, time: 'dead_at' }, limit - forgotten);
  if (what.keepAtMost === null || forgotten >= limit) return forgotten;
  const tooMany = (await countKept(backend)) - what.keepAtMost;
  const oldest = { condition: ended(Number.MAX_SAFE_INTEGER), time: 'ended_at' } as const;
  return forgotten + (await forgetOldest(backend, oldest, Math.min(tooMany, limit - forgotten)));
}

interface Choice {
  condition: RawBuilder<unknown>;
  time: 'ended_at' | 'dead_at';
}

async function forgetOldest(backend: Backend, choice: Choice, limit: number): Promise<number> {
  let forgotten = 0;
  while (forgotten < limit) {
    const ids = await findOldest(backend, choice, Math.min(limit - forgotten, runsAtOnce));
    if (ids.length === 0) break;
    forgotten += await forgetSome(backend, ids);
  }
  return forgotten;
}

async function findOldest({ db, dialect }: Backend, { condition, time }: Choice, limit: number): Promise<string[]> {
  const index = time === 'ended_at' ? 'runs_ended' : 'runs_died';
  const { rows } = await sql<{ id: string }>`
    select id from runs ${sql.raw(dialect.indexedBy(index))} where ${condition}
    order by ${sql.ref(time)} limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}

/** Ended runs that have a row, without dead letters: by the counts, as there may be millions. */
async function countKept({ db }: Backend): Promise<number> {
  const { rows } = await sql<{ kept: number }>`
    select cast(coalesce(sum(succeeded + failed + cancelled + expired - forgotten - dead), 0) as bigint) as kept
    from run_counts`.execute(db);
  return rows[0]!.kept;
}

async function forgetSome({ db, largeBodies }: Backend, ids: string[]): Promise<number> {
  await db.deleteFrom('run_events').where('run_id', 'in', ids).execute();
  const bodies = await db.deleteFrom('run_bodies').where('run_id', 'in', ids).returning('kept_in').execute();
  await largeBodies.remove(bodies.map((body) => body.kept_in).filter((reference) => reference !== null));
  const { numDeletedRows } = await db.deleteFrom('runs').where('id', 'in', ids).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
