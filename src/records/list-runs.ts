import type { SelectQueryBuilder, SqlBool } from 'kysely';
import { sql } from './kysely.js';
import type { RunFilter, RunRecord } from '../contract/records.js';
import { runStates, type RunState } from '../contract/words.js';
import type { Backend } from './backend.js';
import { runColumns, runFromRow, type RecordRow } from './run-row.js';
import type { Tables } from './tables.js';

export interface ListQuery {
  filter: RunFilter;
  limit: number;
  /** The last run seen, which is not to come again. */
  after: { createdAt: number; id: string } | null;
}

type RunQuery = SelectQueryBuilder<Tables, 'runs', RecordRow>;

/** bounded: of the runs that ended lately, at most this many of the latest are looked through. */
const lookedThrough = 20_000;
/** Rows of one state that one statement looks through for what no index knows; others' calls get their turn between. */
const siftedAtOnce = 10_000;

/**
 * Newest first. Each state is read in the order of its own index, at most `limit` rows of it, and the parts are merged:
 * so a state or function that few runs have does not lead through all the others.
 */
export async function listRuns(backend: Backend, query: ListQuery): Promise<RunRecord[]> {
  const states = [...new Set(query.filter.states ?? runStates)];
  if (query.limit <= 0 || states.length === 0) return [];
  const parts = await Promise.all(partsOf(backend, query, states));
  return parts.flat().sort(newestFirst).slice(0, query.limit).map(runFromRow);
}

function partsOf(backend: Backend, query: ListQuery, states: readonly RunState[]): Promise<RecordRow[]>[] {
  if (query.filter.dead === true) return [readDead(backend, query, states)];
  const since = query.filter.openOrEndedFrom;
  const readState = (state: RunState) => (isSifted(query.filter, state) ? siftState : readStateByIndex)(backend, query, state);
  if (since === undefined) return states.map(readState);
  const open = states.filter(isOpen);
  const ended = states.filter((state) => !isOpen(state));
  return [...open.map(readState), ...(ended.length === 0 ? [] : [readEndedSince(backend, query, { since, states: ended })])];
}

async function readStateByIndex(backend: Backend, query: ListQuery, state: RunState): Promise<RecordRow[]> {
  return ordered(narrowedByIndex(backend, query, state))
    .limit(query.limit)
    .execute();
}

/** Goes through the runs of a state step by step until there are enough that the whole filter lets pass. */
async function siftState(backend: Backend, query: ListQuery, state: RunState): Promise<RecordRow[]> {
  const found: RecordRow[] = [];
  for (let after = query.after; ;) {
    const step = ordered(narrowedByIndex(backend, { ...query, after }, state));
    const sifted = sift(backend.db.selectFrom(step.limit(siftedAtOnce).as('runs')).select(runColumns), query.filter);
    found.push(
      ...(await ordered(sifted)
        .limit(query.limit - found.length)
        .execute()),
    );
    if (found.length >= query.limit) return found;
    const last = await step
      .clearSelect()
      .select(['created_at', 'id'])
      .offset(siftedAtOnce - 1)
      .limit(1)
      .executeTakeFirst();
    if (last === undefined) return found;
    after = { createdAt: last.created_at, id: last.id };
  }
}

/** They are few among the ended ones and have indexes of their own. */
async function readDead({ db }: Backend, query: ListQuery, states: readonly RunState[]): Promise<RecordRow[]> {
  const dead = db.selectFrom('runs').select(runColumns).where('dead_at', 'is not', null).where('state', 'in', states);
  const since = query.filter.openOrEndedFrom;
  const lately = since === undefined ? dead : dead.where('dead_at', '>=', since);
  return ordered(sift(inPage(whose(lately, query.filter), query), query.filter))
    .limit(query.limit)
    .execute();
}

async function readEndedSince(
  { db }: Backend,
  query: ListQuery,
  { since, states }: { since: number; states: RunState[] },
): Promise<RecordRow[]> {
  const latest = db
    .selectFrom('runs')
    .select(runColumns)
    .where('ended_at', '>=', since)
    .orderBy('ended_at', 'desc')
    .limit(lookedThrough);
  const some = db.selectFrom(latest.as('runs')).select(runColumns).where('state', 'in', states);
  return ordered(sift(inPage(whose(some, query.filter), query), query.filter))
    .limit(query.limit)
    .execute();
}

/** By what the indexes know: state, function, schedule or caller, and the place in time. */
function narrowedByIndex({ db }: Backend, query: ListQuery, state: RunState): RunQuery {
  const ofState = db.selectFrom('runs').select(runColumns).where('state', '=', state);
  // The lists of ended runs hold no others, which the database has to be told.
  return inPage(whose(isOpen(state) ? ofState : ofState.where('ended_at', 'is not', null), query.filter), query);
}

function whose(runs: RunQuery, filter: RunFilter): RunQuery {
  const ofFunction = filter.function === undefined ? runs : runs.where('function', '=', filter.function);
  const ofSchedule = filter.scheduleId === undefined ? ofFunction : ofFunction.where('schedule_id', '=', filter.scheduleId);
  return filter.callerId === undefined ? ofSchedule : ofSchedule.where('caller_id', '=', filter.callerId);
}

function inPage(runs: RunQuery, { filter, after }: ListQuery): RunQuery {
  const from = filter.createdFrom === undefined ? runs : runs.where('created_at', '>=', filter.createdFrom);
  const until = filter.createdUntil === undefined ? from : from.where('created_at', '<=', filter.createdUntil);
  return after === null ? until : until.where(sql<SqlBool>`(created_at, id) < (${after.createdAt}, ${after.id})`);
}

/** By the rest of the filter, which no index knows. */
function sift(runs: RunQuery, filter: RunFilter): RunQuery {
  return siftedColumns.reduce((left, column) => {
    const wanted = filter[column];
    return wanted === undefined ? left : left.where(column, '=', wanted);
  }, runs);
}

const siftedColumns = ['lane', 'version', 'mode', 'source'] as const;

/** Of queued runs no index knows whose they are, but for schedules. */
function isSifted(filter: RunFilter, state: RunState): boolean {
  if (state === 'queued' && (filter.function ?? filter.callerId) !== undefined) return true;
  return siftedColumns.some((column) => filter[column] !== undefined);
}

function isOpen(state: RunState): boolean {
  return state === 'queued' || state === 'running';
}

function ordered(runs: RunQuery): RunQuery {
  return runs.orderBy('created_at', 'desc').orderBy('id', 'desc');
}

function newestFirst(a: RecordRow, b: RecordRow): number {
  return b.created_at - a.created_at || (a.id < b.id ? 1 : -1);
}
