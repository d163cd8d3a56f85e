import { sql } from './kysely.js';
import type { Backend } from './backend.js';

/** Deletes keys whose time is over, the oldest first. */
export async function forgetIdempotency({ db, dialect }: Backend, limit: number): Promise<number> {
  const isOver = sql`expires_at <= ${sql.raw(dialect.now)}`;
  const { numAffectedRows } = await sql`
    with over as materialized (
      select scope, key from idempotency where ${isOver} order by expires_at limit ${limit} ${sql.raw(dialect.skipLocked)}
    )
    delete from idempotency where (scope, key) in (select scope, key from over) and ${isOver}`.execute(db);
  return Number(numAffectedRows);
}
