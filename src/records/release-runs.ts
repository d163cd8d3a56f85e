import { sql } from './kysely.js';
import type { Line } from '../contract/records.js';
import type { Backend } from './backend.js';
import { primaryKeyOfRuns } from './dialect.js';

/** Makes delayed runs ready whose time has come, the first due first. Nothing takes that back, whatever the clock says later. */
export async function releaseRuns({ db, dialect }: Backend, limit: number): Promise<{ released: number; lines: Line[] }> {
  const now = sql.raw(dialect.now);
  const isDue = sql`state = 'queued' and ready_at is null and due_at <= ${now}`;
  const { rows } = await sql<Line>`
    with due as materialized (
      select id from runs ${sql.raw(dialect.indexedBy('runs_delayed'))}
      where ${isDue} order by due_at limit ${limit} ${sql.raw(dialect.skipLocked)}
    )
    update runs ${sql.raw(dialect.indexedBy(primaryKeyOfRuns))} set ready_at = ${now}
    where id in (select id from due) and ${isDue}
    returning function, lane`.execute(db);
  return { released: rows.length, lines: linesOf(rows) };
}

/** Milliseconds until the first delayed run is due. */
export async function nextDue({ db, dialect }: Backend): Promise<number | null> {
  const { rows } = await sql<{ wait: number }>`
    select due_at - ${sql.raw(dialect.now)} as wait from runs ${sql.raw(dialect.indexedBy('runs_delayed'))}
    where state = 'queued' and ready_at is null order by due_at limit 1`.execute(db);
  return rows[0] === undefined ? null : Math.max(0, rows[0].wait);
}

/** Each line once. */
export function linesOf(runs: readonly Line[]): Line[] {
  const lines = new Map(runs.map(({ function: name, lane }) => [JSON.stringify([name, lane]), { function: name, lane }]));
  return [...lines.values()];
}
