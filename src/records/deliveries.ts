import { sql } from './kysely.js';
import type { RunRecord } from '../contract/records.js';
import type { Backend } from './backend.js';
import { primaryKeyOfRuns } from './dialect.js';
import { runColumns, runFromRow, type RecordRow } from './run-row.js';

/** Ends that are to be told and due; nobody else gets them before `forMs` are over. */
export async function takeDeliveries({ db, dialect }: Backend, limit: number, forMs: number): Promise<RunRecord[]> {
  const now = sql.raw(dialect.now);
  const { rows } = await sql<RecordRow>`
    with due as materialized (
      select id from runs ${sql.raw(dialect.indexedBy('runs_to_deliver'))}
      where deliver_at is not null and deliver_at <= ${now} order by deliver_at limit ${limit} ${sql.raw(dialect.skipLocked)}
    )
    update runs ${sql.raw(dialect.indexedBy(primaryKeyOfRuns))} set deliver_at = ${now} + ${forMs}, deliver_attempts = deliver_attempts + 1
    where id in (select id from due) and deliver_at <= ${now}
    returning ${sql.raw(runColumns.join(', '))}`.execute(db);
  return rows.map(runFromRow);
}

export async function nextDelivery({ db, dialect }: Backend): Promise<number | null> {
  const { rows } = await sql<{ wait: number | null }>`
    select min(deliver_at) - ${sql.raw(dialect.now)} as wait from runs ${sql.raw(dialect.indexedBy('runs_to_deliver'))}
    where deliver_at is not null`.execute(db);
  const wait = rows[0]?.wait ?? null;
  return wait === null ? null : Math.max(0, wait);
}

interface Outcome {
  id: string;
  attempt: number;
  problem: string | null;
  retryInMs: number | null;
}

/** What came of an attempt; that of an earlier one is dropped. */
export async function settleDelivery({ db, dialect }: Backend, { id, attempt, problem, retryInMs }: Outcome): Promise<void> {
  const isAgain = problem !== null && retryInMs !== null;
  await db
    .updateTable('runs')
    .set({
      deliver_at: isAgain ? sql<number>`${sql.raw(dialect.now)} + ${retryInMs}` : null,
      deliver_state: problem === null ? 'delivered' : isAgain ? 'pending' : 'failed',
      delivery_problem: problem,
    })
    .where('id', '=', id)
    .where('deliver_attempts', '=', attempt)
    .where('deliver_at', 'is not', null)
    .execute();
}
