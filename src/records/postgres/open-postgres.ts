import type { Backend } from '../backend.js';
import { postgresDialect } from '../dialect.js';
import { createKysely } from '../kysely-driver.js';
import { BodyChunks } from './body-chunks.js';
import { PostgresConnection } from './connection.js';
import { postgresHotOperations } from './hot-operations.js';
import { migratePostgres } from './migrate.js';

/** Records in PostgreSQL, which several servers may share. Rejects when it does not answer. */
export async function openPostgres(url: string): Promise<Backend> {
  const connection = new PostgresConnection(url);
  try {
    await migratePostgres(connection);
    const largeBodies = new BodyChunks(connection);
    await largeBodies.sweep();
    const db = createKysely(postgresDialect, ({ sql, parameters }) => connection.query({ text: sql, values: [...parameters] }));
    return {
      dialect: postgresDialect,
      db,
      hot: postgresHotOperations(connection),
      largeBodies,
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}
