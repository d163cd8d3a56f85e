import { sql } from './kysely.js';
import type { Destination } from '../contract/run-policy.js';
import type { ScheduleDefinition, ScheduleRecord, ScheduleRecords, Timing } from '../contract/schedules.js';
import { LanewayError } from '../errors.js';
import type { Backend } from './backend.js';
import type { ScheduleRow } from './tables.js';

/** Schedules and their next ticks; a paused one has none, so that what is due is found by one index. */
export function scheduleRecords({ db, dialect }: Backend): ScheduleRecords {
  const now = sql<number>`${sql.raw(dialect.now)}`;
  return {
    put: async (definition, nextAt) => {
      const { id, ...columns } = definitionColumns(definition);
      const made = { paused_at: null, last_at: null, last_run_id: null, fired: 0, skipped: 0, last_problem: null, revision: 1 };
      const row = await db
        .insertInto('schedules')
        .values({ id, ...columns, ...made, next_at: nextAt, created_at: now, updated_at: now })
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet({
            ...columns,
            // One that is paused stays without a tick; with the same timing a tick that is due at this moment is not lost.
            next_at: sql<number | null>`case
              when schedules.paused_at is not null then null
              when schedules.timing = excluded.timing then coalesce(schedules.next_at, excluded.next_at)
              else excluded.next_at end`,
            revision: sql<number>`schedules.revision + 1`,
            updated_at: now,
          }),
        )
        .returningAll()
        .executeTakeFirstOrThrow()
        .catch((error: unknown) => refuseTakenName(error, definition));
      return scheduleFromRow(row);
    },

    get: async (id) => {
      const row = await db.selectFrom('schedules').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : scheduleFromRow(row);
    },

    list: async ({ function: functionName, lane, origin }) => {
      let query = db.selectFrom('schedules').selectAll();
      if (functionName !== undefined) query = query.where('function', '=', functionName);
      if (lane !== undefined) query = query.where('lane', '=', lane);
      if (origin !== undefined) query = query.where('origin', '=', origin);
      return (await query.orderBy('function').orderBy('lane').orderBy('name').execute()).map(scheduleFromRow);
    },

    remove: async (id) => {
      const { numDeletedRows } = await db.deleteFrom('schedules').where('id', '=', id).executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },

    setPaused: async (id, paused, nextAt) => {
      const row = await db
        .updateTable('schedules')
        .set({
          paused_at: paused ? sql<number>`coalesce(paused_at, ${now})` : null,
          next_at: paused ? null : nextAt,
          revision: sql<number>`revision + 1`,
          updated_at: now,
        })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? null : scheduleFromRow(row);
    },

    due: async (until, limit, after) => {
      let query = db.selectFrom('schedules').selectAll().where('next_at', '<=', until);
      if (after !== null) query = query.where(sql<boolean>`(next_at, id) > (${after.nextAt}, ${after.id})`);
      return (await query.orderBy('next_at').orderBy('id').limit(limit).execute()).map(scheduleFromRow);
    },

    nextTick: async (after) => {
      const row = await db
        .selectFrom('schedules')
        .select('next_at')
        .where('next_at', '>', after)
        .orderBy('next_at')
        .limit(1)
        .executeTakeFirst();
      return row?.next_at ?? null;
    },

    advance: async ({ id, tick, revision }, to) => {
      const { numUpdatedRows } = await db
        .updateTable('schedules')
        .set({
          next_at: to.nextAt,
          fired: sql<number>`fired + ${to.fired}`,
          skipped: sql<number>`skipped + ${to.skipped}`,
          last_problem: to.problem,
          ...(to.last === null ? {} : { last_at: to.last.at, last_run_id: to.last.runId }),
        })
        .where('id', '=', id)
        .where('next_at', '=', tick)
        .where('revision', '=', revision)
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },

    lanesWithManifestSchedules: () =>
      db
        .selectFrom('schedules')
        .select(['function', 'lane'])
        .where('origin', '=', 'manifest')
        .union(
          db
            .selectFrom('versions')
            .select(['function', 'lane'])
            .where('state', '=', 'ready')
            .where('manifest', 'like', '%"schedule":%'),
        )
        .execute(),
  };
}

/** The one rule besides the primary key is the name's, and a conflict of ids is no error. */
function refuseTakenName(error: unknown, { function: functionName, lane, name }: ScheduleDefinition): never {
  const { code } = error as { code?: unknown };
  if (code !== uniqueViolation.sqlite && code !== uniqueViolation.postgres) throw error;
  throw new LanewayError('schedule_exists', { function: functionName, lane, name }, { cause: error });
}

const uniqueViolation = { sqlite: 'SQLITE_CONSTRAINT_UNIQUE', postgres: '23505' };

function definitionColumns(definition: ScheduleDefinition) {
  return {
    id: definition.id,
    name: definition.name,
    function: definition.function,
    lane: definition.lane,
    version: definition.version,
    timing: JSON.stringify(definition.timing),
    payload: definition.payload,
    overlap: definition.overlap,
    catch_up: definition.catchUp,
    on_failure: definition.onFailure === null ? null : JSON.stringify(definition.onFailure),
    origin: definition.origin,
    key_id: definition.keyId,
  };
}

function scheduleFromRow(row: ScheduleRow): ScheduleRecord {
  return {
    id: row.id,
    name: row.name,
    function: row.function,
    lane: row.lane,
    version: row.version,
    timing: JSON.parse(row.timing) as Timing,
    payload: row.payload,
    overlap: row.overlap,
    catchUp: row.catch_up,
    onFailure: row.on_failure === null ? null : (JSON.parse(row.on_failure) as Destination),
    origin: row.origin,
    keyId: row.key_id,
    pausedAt: row.paused_at,
    nextAt: row.next_at,
    lastAt: row.last_at,
    lastRunId: row.last_run_id,
    fired: row.fired,
    skipped: row.skipped,
    lastProblem: row.last_problem,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
