import { sql } from './kysely.js';
import type { Backend } from './backend.js';
import { removeBodies } from './run-bodies.js';

const idsAtOnce = 500;

/** They are dead letters no longer and lose their payload. Broken off in between, a payload stays until its run is forgotten. */
export async function purgeDead(backend: Backend, ids: readonly string[]): Promise<number> {
  let purged = 0;
  for (let from = 0; from < ids.length; from += idsAtOnce) {
    purged += await purgeSome(backend, ids.slice(from, from + idsAtOnce));
  }
  return purged;
}

async function purgeSome({ db, largeBodies }: Backend, ids: readonly string[]): Promise<number> {
  const rows = await db
    .updateTable('runs')
    .set({ dead_at: null, invocation: null, payload: null })
    .where('id', 'in', ids)
    .where('dead_at', 'is not', null)
    .returning(['id', 'bodies_apart'])
    .execute();
  const apart = rows.filter((row) => row.bodies_apart !== 0).map(({ id }) => id);
  if (apart.length > 0) {
    const { rows: bodies } = await sql<{ kept_in: string | null }>`
      delete from run_bodies where kind = 'payload' and run_id in (${sql.join(apart)}) returning kept_in`.execute(db);
    await removeBodies(
      bodies.map((body) => body.kept_in),
      largeBodies,
    );
  }
  return rows.length;
}
