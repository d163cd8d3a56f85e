import { patienceMs, failed, ok, type Finding } from './finding.js';

/** Connects and asks for the version. */
export async function checkPostgres(url: string | null): Promise<Finding> {
  if (url === null) {
    return { part: 'postgresql', state: 'off', detail: 'records in SQLite', mend: 'set LANEWAY_DATABASE_URL to share records' };
  }
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: patienceMs, query_timeout: patienceMs });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return ok('postgresql', `PostgreSQL ${rows[0]?.server_version} at ${new URL(url).host}`);
  } catch (error) {
    return failed('postgresql', error, 'start PostgreSQL, create user and database, or put LANEWAY_DATABASE_URL right');
  } finally {
    await client.end().catch(() => undefined);
  }
}
