import type { Records } from '../contract/records.js';
import { auditRecords } from './audit.js';
import type { Backend } from './backend.js';
import { checkWritable, installationIdOf } from './installation.js';
import { keyRecords } from './keys.js';
import { laneRecords } from './lanes.js';
import { limitRecords } from './limits.js';
import { runEventRecords } from './run-events.js';
import { runRecords } from './runs.js';
import { scheduleRecords } from './schedules.js';
import { secretRecords } from './secrets.js';
import { openSqlite } from './sqlite/open-sqlite.js';
import { versionRecords } from './versions.js';

export interface RecordsOptions {
  /** Absolute path; made when it is not there. */
  dataFolder: string;
  /** `postgres://...`, or null for SQLite in the data folder. */
  databaseUrl: string | null;
}

/** Opens the records and brings their schema up to date. Rejects with one line that says what is in the way. */
export async function openRecords({ dataFolder, databaseUrl }: RecordsOptions): Promise<Records> {
  const backend = databaseUrl === null ? await openSqlite(dataFolder) : await connectPostgres(databaseUrl);
  try {
    return recordsOn(backend, await installationIdOf(backend.db));
  } catch (error) {
    await backend.close();
    throw error;
  }
}

/** Its driver is loaded only where there is a PostgreSQL. */
async function connectPostgres(url: string): Promise<Backend> {
  const { openPostgres } = await import('./postgres/open-postgres.js');
  return openPostgres(url);
}

function recordsOn(backend: Backend, installationId: string): Records {
  let closing: Promise<void> | null = null;
  return {
    installationId,
    runs: runRecords(backend),
    events: runEventRecords(backend),
    limits: limitRecords(backend),
    versions: versionRecords(backend),
    lanes: laneRecords(backend),
    keys: keyRecords(backend),
    secrets: secretRecords(backend),
    audit: auditRecords(backend),
    schedules: scheduleRecords(backend),
    check: () => checkWritable(backend.db),
    close: () => (closing ??= backend.close()),
  };
}
