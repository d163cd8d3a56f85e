import { sql } from './kysely.js';
import type { Backend } from './backend.js';

/** Ended runs looked through in one statement, and of how many events are deleted in one. */
const lookedThroughAtOnce = 500;
const runsAtOnce = 20;
const place = 'logs_forgotten_until';

/**
 * Deletes the events of runs that ended before a time, oldest end first. The place it has come to is kept, so that runs without
 * events are looked at once; broken off, it goes over the last step again.
 */
export async function forgetLogs(backend: Backend, endedBefore: number, limit: number): Promise<number> {
  let forgotten = 0;
  for (let from = await readPlace(backend); from < endedBefore && forgotten < limit;) {
    const step = await findLogged(backend, from, endedBefore);
    const some = step.ids.slice(0, limit - forgotten);
    for (let at = 0; at < some.length; at += runsAtOnce) await forgetSome(backend, some.slice(at, at + runsAtOnce));
    forgotten += some.length;
    if (some.length < step.ids.length) break;
    from = step.until;
    await keepPlace(backend, from);
  }
  return forgotten;
}

/** Ids of the next runs that have events, and until when runs were looked through. */
async function findLogged({ db }: Backend, from: number, endedBefore: number): Promise<{ ids: string[]; until: number }> {
  const step = await endedFrom(from).offset(lookedThroughAtOnce).limit(1).executeTakeFirst();
  // Runs that ended in the same millisecond are not torn apart.
  const until = Math.min(endedBefore, step === undefined ? endedBefore : Math.max(step.ended_at!, from + 1));
  const { rows } = await sql<{ id: string }>`
    select id from runs where ended_at is not null and ended_at >= ${from} and ended_at < ${until}
      and exists (select 1 from run_events where run_id = runs.id)
    order by ended_at`.execute(db);
  return { ids: rows.map(({ id }) => id), until };

  function endedFrom(time: number) {
    return db
      .selectFrom('runs')
      .select('ended_at')
      .where('ended_at', '>=', time)
      .where('ended_at', '<', endedBefore)
      .orderBy('ended_at');
  }
}

async function forgetSome({ db }: Backend, ids: string[]): Promise<void> {
  await db.deleteFrom('run_events').where('run_id', 'in', ids).execute();
}

async function readPlace({ db }: Backend): Promise<number> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', place).executeTakeFirst();
  return row === undefined ? 0 : Number(row.value);
}

async function keepPlace({ db }: Backend, from: number): Promise<void> {
  const row = { value: String(from) };
  await db
    .insertInto('meta')
    .values({ name: place, ...row })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute();
}
