import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Tables } from './tables.js';

/** The installation's id, made by whoever opens the records first. */
export async function installationIdOf(db: Kysely<Tables>): Promise<string> {
  await db
    .insertInto('meta')
    .values({ name: 'installation_id', value: randomUUID() })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await db.selectFrom('meta').select('value').where('name', '=', 'installation_id').executeTakeFirstOrThrow();
  return row.value;
}

/** Writes something small: reading alone would not show a full disk or a database that only answers reads. */
export async function checkWritable(db: Kysely<Tables>): Promise<void> {
  const row = { value: String(Date.now()) };
  await db
    .insertInto('meta')
    .values({ name: 'checked_at', ...row })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute();
}
