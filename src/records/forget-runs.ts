import type { Backend } from './backend.js';

const runsAtOnce = 200;

/**
 * Deletes ended runs, oldest end first, and returns how many. The run's own row goes last: a step that was broken off
 * is taken up again by the next call.
 */
export async function forgetRuns(backend: Backend, endedBefore: number, limit: number): Promise<number> {
  let forgotten = 0;
  while (forgotten < limit) {
    const ids = await findEnded(backend, endedBefore, Math.min(limit - forgotten, runsAtOnce));
    if (ids.length === 0) break;
    forgotten += await forgetSome(backend, ids);
  }
  return forgotten;
}

async function findEnded({ db }: Backend, endedBefore: number, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('runs')
    .select('id')
    .where('ended_at', 'is not', null)
    .where('ended_at', '<', endedBefore)
    .orderBy('ended_at')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

async function forgetSome({ db, largeBodies }: Backend, ids: string[]): Promise<number> {
  await db.deleteFrom('run_events').where('run_id', 'in', ids).execute();
  const bodies = await db.deleteFrom('run_bodies').where('run_id', 'in', ids).returning('kept_in').execute();
  await largeBodies.remove(bodies.map((body) => body.kept_in).filter((reference) => reference !== null));
  const { numDeletedRows } = await db.deleteFrom('runs').where('id', 'in', ids).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
