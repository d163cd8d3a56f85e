import { sql } from './kysely.js';
import type { SecretRecords } from '../contract/records.js';
import type { Backend } from './backend.js';

/** Secrets, sealed before they come here. */
export function secretRecords({ db, dialect }: Backend): SecretRecords {
  return {
    set: async (name, sealed) => {
      const row = { sealed, updated_at: sql<number>`${sql.raw(dialect.now)}` };
      await db
        .insertInto('secrets')
        .values({ name, ...row })
        .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
        .execute();
    },

    remove: async (name) => {
      const { numDeletedRows } = await db.deleteFrom('secrets').where('name', '=', name).executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },

    all: async () => {
      const rows = await db.selectFrom('secrets').selectAll().orderBy('name').execute();
      return rows.map(({ name, sealed, updated_at }) => ({ name, sealed, updatedAt: updated_at }));
    },
  };
}
