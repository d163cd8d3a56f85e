import { sql } from './kysely.js';
import type { Backend } from './backend.js';
import { primaryKeyOfRuns } from './dialect.js';
import { moveTo } from './run-ends.js';

/** Ends queued runs whose time to begin is over, the oldest first; returns their ids. */
export async function expireRuns({ db, dialect }: Backend, limit: number): Promise<string[]> {
  const isOver = sql`state = 'queued' and expires_at is not null and expires_at <= ${sql.raw(dialect.now)}`;
  const { rows } = await sql<{ id: string }>`
    with over as materialized (
      select id from runs ${sql.raw(dialect.indexedBy('runs_expiring'))}
      where ${isOver} order by expires_at limit ${limit} ${sql.raw(dialect.skipLocked)}
    )
    update runs ${sql.raw(dialect.indexedBy(primaryKeyOfRuns))} set ${sql.raw(moveTo(`'expired'`, dialect.now))},
      reason = null, exit_code = null, message = 'It did not begin before its time was over.'
    where id in (select id from over) and ${isOver}
    returning id`.execute(db);
  return rows.map(({ id }) => id);
}
