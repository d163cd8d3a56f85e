import { postgresDialect } from '../dialect.js';
import { createMigrationsTable, pendingStatements } from '../migrations/pending.js';
import type { PostgresConnection } from './connection.js';

/** Any number that no other program of the same database is likely to lock. */
const lockNumber = 0x6c616e65;

/** Brings the schema up to date. Of servers that start together one does it, while the others wait for its commit. */
export async function migratePostgres(connection: PostgresConnection): Promise<void> {
  await connection.transaction(async (client) => {
    await client.query(`select pg_advisory_xact_lock(${lockNumber})`);
    await client.query(createMigrationsTable);
    const { rows } = await client.query<{ name: string }>('select name from migrations order by name');
    const applied = rows.map(({ name }) => name);
    for (const statement of pendingStatements(applied, postgresDialect)) await client.query(statement);
  });
}
