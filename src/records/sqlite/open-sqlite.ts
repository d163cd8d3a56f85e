import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import type { Backend } from '../backend.js';
import { sqliteDialect } from '../dialect.js';
import { createKysely, type Execute } from '../kysely-driver.js';
import type { Tables } from '../tables.js';
import { BodyFiles } from './body-files.js';
import { lockFolder } from './folder-lock.js';
import { sqliteHotOperations } from './hot-operations.js';
import type { QueryAnswer, Value } from './messages.js';
import { databaseFile, payloadFolder, unfinishedRestoreFile } from './places.js';
import { RecordsThread } from './records-thread.js';

/** Records in `laneway.db` of the data folder, which this process then has for itself. Rejects when it is in use. */
export async function openSqlite(dataFolder: string): Promise<Backend> {
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const lock = lockFolder(dataFolder);
  let thread: RecordsThread | null = null;
  const close = async () => {
    await thread?.close();
    lock.release();
  };
  try {
    refuseUnfinishedRestore(dataFolder);
    thread = await RecordsThread.start(join(dataFolder, databaseFile));
    const db = createKysely(sqliteDialect, executeIn(thread));
    const largeBodies = new BodyFiles(join(dataFolder, payloadFolder));
    await largeBodies.open(() => referencesOf(db));
    return { dialect: sqliteDialect, db, hot: sqliteHotOperations(thread), largeBodies, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Half of what was backed up would look like an installation that lost the rest. */
function refuseUnfinishedRestore(dataFolder: string): void {
  if (!existsSync(join(dataFolder, unfinishedRestoreFile))) return;
  throw new Error(`The data folder ${dataFolder} holds a restore that was broken off: carry out \`fas restore\` again.`);
}

function executeIn(thread: RecordsThread): Execute {
  return async ({ sql, parameters, readOnly }) => {
    const answer = await thread.call<QueryAnswer>('query', [sql, readOnly ? 1 : 0, ...parameters]);
    return { rows: answer.rows.map((row) => toObject(answer.columns, row)), changes: answer.changes };
  };
}

function toObject(columns: readonly string[], row: readonly Value[]): Record<string, Value> {
  const object: Record<string, Value> = {};
  columns.forEach((column, index) => (object[column] = row[index]!));
  return object;
}

async function referencesOf(db: Kysely<Tables>): Promise<Set<string>> {
  const rows = await db.selectFrom('run_bodies').select('kept_in').where('kept_in', 'is not', null).execute();
  return new Set(rows.map((row) => row.kept_in!));
}
