import { sql } from './kysely.js';
import type { RunEventRecords } from '../contract/records.js';
import type { Backend } from './backend.js';

/** What runs said, in the order in which they said it. */
export function runEventRecords({ db, hot }: Backend): RunEventRecords {
  return {
    append: async (events) => {
      if (events.length > 0) await hot.appendEvents(events);
    },

    read: async (runId, after, limit) => {
      let query = db.selectFrom('run_events').selectAll().where('run_id', '=', runId);
      if (after !== null) query = query.where(sql<boolean>`(attempt, seq) > (${after.attempt}, ${after.seq})`);
      const rows = await query.orderBy('attempt').orderBy('seq').limit(limit).execute();
      return rows.map(({ run_id, ...event }) => ({ runId: run_id, ...event }));
    },
  };
}
