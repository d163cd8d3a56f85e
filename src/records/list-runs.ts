import { sql, type Expression, type SqlBool } from 'kysely';
import type { RunFilter, RunRecord } from '../contract/records.js';
import { runStates, type RunState } from '../contract/words.js';
import type { Backend } from './backend.js';
import { runFromRow } from './run-row.js';

interface ListQuery {
  filter: RunFilter;
  limit: number;
  after: { createdAt: number; id: string } | null;
}

/** Rather than this many recently ended runs, the newest ones are looked through until there are enough. */
const fewEnded = 10_000;

/**
 * Newest first. Each state is read by its own index, at most `limit` rows of it, and the parts are merged: so a filter
 * that few rows meet does not lead through all the others.
 */
export async function listRuns(backend: Backend, query: ListQuery): Promise<RunRecord[]> {
  const states = [...new Set(query.filter.states ?? runStates)];
  if (states.length === 0 || query.limit <= 0) return [];
  const byEnd = await isBetterByEnd(backend, query.filter);
  const [first, ...others] = states.map((state) => selectState(backend, { ...query, state, byEnd }));
  const rows = await others
    .reduce((merged, next) => merged.unionAll(next), first!)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(query.limit)
    .execute();
  return rows.map(runFromRow);
}

function selectState({ db, dialect }: Backend, query: ListQuery & { state: RunState; byEnd: boolean }) {
  const { filter, limit, after, state } = query;
  const isOpen = state === 'queued' || state === 'running';
  const hint = query.byEnd && !isOpen ? dialect.noIndex : '';
  const part = db
    .selectFrom('runs')
    .selectAll()
    .where((eb) => {
      const conditions: Expression<SqlBool>[] = [sql`${sql.raw(hint)}state = ${state}`];
      for (const column of ['function', 'lane', 'version', 'mode', 'source'] as const) {
        const wanted = filter[column];
        if (wanted !== undefined) conditions.push(sql`${sql.raw(hint)}${sql.ref(column)} = ${wanted}`);
      }
      if (filter.callerId !== undefined) conditions.push(sql`${sql.raw(hint)}caller_id = ${filter.callerId}`);
      if (filter.createdFrom !== undefined) conditions.push(eb('created_at', '>=', filter.createdFrom));
      if (filter.createdUntil !== undefined) conditions.push(eb('created_at', '<=', filter.createdUntil));
      if (filter.openOrEndedFrom !== undefined && !isOpen) conditions.push(eb('ended_at', '>=', filter.openOrEndedFrom));
      if (after !== null) conditions.push(sql`(created_at, id) < (${after.createdAt}, ${after.id})`);
      return eb.and(conditions);
    })
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit);
  return db.selectFrom(part.as('part')).selectAll();
}

async function isBetterByEnd({ db }: Backend, { openOrEndedFrom }: RunFilter): Promise<boolean> {
  if (openOrEndedFrom === undefined) return false;
  const some = db
    .selectFrom('runs')
    .select('ended_at')
    .where('ended_at', '>=', openOrEndedFrom)
    .limit(fewEnded + 1);
  const { ended } = await db
    .selectFrom(some.as('some'))
    .select((eb) => eb.fn.countAll<number>().as('ended'))
    .executeTakeFirstOrThrow();
  return ended <= fewEnded;
}
