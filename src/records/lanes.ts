import type { Selectable } from 'kysely';
import { sql } from './kysely.js';
import type { LaneRecord, LaneRecords } from '../contract/records.js';
import type { Backend } from './backend.js';
import type { Tables } from './tables.js';

/** Pins and splits; a lane without either has no row. */
export function laneRecords({ db, dialect }: Backend): LaneRecords {
  return {
    all: async () => (await db.selectFrom('lanes').selectAll().execute()).map(laneFromRow),

    get: async (functionName, lane) => {
      const row = await db
        .selectFrom('lanes')
        .selectAll()
        .where('function', '=', functionName)
        .where('lane', '=', lane)
        .executeTakeFirst();
      return row === undefined ? null : laneFromRow(row);
    },

    set: async (functionName, lane, pin, split) => {
      const row = {
        pin: pin === null ? null : JSON.stringify(pin),
        split: pin !== null || split === null ? null : JSON.stringify(split),
        updated_at: sql<number>`${sql.raw(dialect.now)}`,
      };
      await db
        .insertInto('lanes')
        .values({ function: functionName, lane, ...row })
        .onConflict((conflict) => conflict.columns(['function', 'lane']).doUpdateSet(row))
        .execute();
    },
  };
}

function laneFromRow(row: Selectable<Tables['lanes']>): LaneRecord {
  return {
    function: row.function,
    lane: row.lane,
    pin: row.pin === null ? null : (JSON.parse(row.pin) as LaneRecord['pin']),
    split: row.split === null ? null : (JSON.parse(row.split) as LaneRecord['split']),
    updatedAt: row.updated_at,
  };
}
