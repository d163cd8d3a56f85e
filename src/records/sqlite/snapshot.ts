import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import Libsql from 'libsql';
import type { RunState } from '../../contract/words.js';
import { sqliteDialect } from '../dialect.js';
import { pendingStatements } from '../migrations/pending.js';
import { databaseFile } from './places.js';

/** What a copy of the records says of itself and of what belongs to it. */
export interface SnapshotFacts {
  installationId: string;
  runs: Partial<Record<RunState, number>>;
  /** Payloads and results that are files, by the files' names. */
  payloads: { runId: string; file: string }[];
  /** Every version that can be run. */
  versions: { function: string; lane: string; version: string }[];
  secrets: number;
}

/**
 * Copies the records of a data folder as they are at one moment into a new file, 0600. A server that uses them goes on
 * meanwhile. Rejects when there are none.
 */
export async function takeSnapshot(dataFolder: string, into: string): Promise<void> {
  const file = join(dataFolder, databaseFile);
  if (!existsSync(file)) throw new Error(`there are no records in ${dataFolder}`);
  await inThread({ file, into });
  await chmod(into, 0o600);
}

/** Throws when a newer release wrote it. */
export function readSnapshot(file: string): SnapshotFacts {
  const database = new Libsql(file);
  try {
    const read = (sql: string) => database.prepare(sql).all() as Record<string, string | number>[];
    pendingStatements(
      read('select name from migrations order by name').map(({ name }) => String(name)),
      sqliteDialect,
    );
    return {
      installationId: String(read(`select value from meta where name = 'installation_id'`)[0]?.['value'] ?? ''),
      runs: Object.fromEntries(
        read('select state, count(*) as runs from runs group by state').map((row) => [row['state'], row['runs']]),
      ),
      payloads: read('select run_id, kept_in from run_bodies where kept_in is not null').map((row) => ({
        runId: String(row['run_id']),
        file: String(row['kept_in']),
      })),
      versions: read(`select function, lane, major, minor from versions where state = 'ready'`).map((row) => ({
        function: String(row['function']),
        lane: String(row['lane']),
        version: `${row['major']}.${row['minor']}`,
      })),
      secrets: Number(read('select count(*) as secrets from secrets')[0]!['secrets']),
    };
  } finally {
    database.close();
  }
}

/** null when the file is a whole database, else what is wrong with it. */
export function findDamage(file: string): string | null {
  try {
    const database = new Libsql(file);
    try {
      const [row] = database.prepare('pragma integrity_check(1)').all() as { integrity_check: string }[];
      return row?.integrity_check === 'ok' ? null : (row?.integrity_check ?? 'it can not be checked');
    } finally {
      database.close();
    }
  } catch (error) {
    return (error as Error).message;
  }
}

/** libsql blocks, and this may take a while. */
function inThread(workerData: { file: string; into: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./inside/take-snapshot.js', import.meta.url), { workerData });
    thread.on('error', reject);
    thread.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`the copying thread ended with code ${code}`))));
  });
}
