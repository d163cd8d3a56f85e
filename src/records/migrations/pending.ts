import type { Dialect } from '../dialect.js';
import { accessMigration } from './004-access.js';
import { runsMigration } from './001-runs.js';
import { runEventsMigration } from './002-run-events.js';
import type { Migration } from './migration.js';
import { schedulesMigration } from './006-schedules.js';
import { versionsMigration } from './003-versions.js';
import { durableRunsMigration } from './005-durable-runs.js';

const migrations: readonly Migration[] = [
  runsMigration,
  runEventsMigration,
  versionsMigration,
  accessMigration,
  durableRunsMigration,
  schedulesMigration,
];

/** Names of the steps that were carried out, oldest first; exists before the first step. */
export const createMigrationsTable = 'create table if not exists migrations (name text primary key, applied_at bigint not null)';

/** The statements still to be carried out. Throws when the database was changed by a newer release. */
export function pendingStatements(applied: readonly string[], dialect: Dialect): string[] {
  const unknown = applied.find((name) => !migrations.some((migration) => migration.name === name));
  if (unknown !== undefined) {
    throw new Error(
      `The records were written by a newer release of Laneway (step ${unknown}); start that release or a later one.`,
    );
  }
  return migrations
    .filter((migration) => !applied.includes(migration.name))
    .flatMap((migration) => [...migration.statements(dialect), recordMigration(migration.name, dialect)]);
}

function recordMigration(name: string, dialect: Dialect): string {
  return `insert into migrations (name, applied_at) values ('${name}', ${dialect.now})`;
}
