import { sql } from './kysely.js';
import type { LimitRecords } from '../contract/limits.js';
import type { Backend } from './backend.js';

/** Limits of functions and lanes. What holds for all lanes of a function is kept under the lane ''. */
export function limitRecords({ db, dialect }: Backend): LimitRecords {
  return {
    all: async () => {
      const rows = await db.selectFrom('limits').selectAll().orderBy('function').orderBy('lane').execute();
      return rows.map((row) => ({
        function: row.function,
        lane: row.lane === '' ? null : row.lane,
        maxRunning: row.max_running,
        maxQueued: row.max_queued,
        expiresAfterMs: row.expires_after_ms,
        updatedAt: row.updated_at,
      }));
    },

    set: async (limit) => {
      const row = {
        max_running: limit.maxRunning,
        max_queued: limit.maxQueued,
        expires_after_ms: limit.expiresAfterMs,
        updated_at: sql<number>`${sql.raw(dialect.now)}`,
      };
      await db
        .insertInto('limits')
        .values({ function: limit.function, lane: limit.lane ?? '', ...row })
        .onConflict((conflict) => conflict.columns(['function', 'lane']).doUpdateSet(row))
        .execute();
    },

    remove: async (functionName, lane) => {
      const { numDeletedRows } = await db
        .deleteFrom('limits')
        .where('function', '=', functionName)
        .where('lane', '=', lane ?? '')
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
  };
}
