import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import Libsql from 'libsql';
import type { Records } from '../../src/contract/records.js';
import { postgresDialect, sqliteDialect, type Dialect } from '../../src/records/dialect.js';
import { runsMigration } from '../../src/records/migrations/001-runs.js';
import { runEventsMigration } from '../../src/records/migrations/002-run-events.js';
import { versionsMigration } from '../../src/records/migrations/003-versions.js';
import { accessMigration } from '../../src/records/migrations/004-access.js';
import { openRecords } from '../../src/records/open-records.js';
import { postgresMissing, startPostgres, type PostgresServer } from '../servers/postgres.js';
import { by, claimOf, succeeded } from './sample-runs.js';
import { newDatabase, queryDatabase, temporaryFolder } from './ways.js';

test('runs of the first release are counted by line and go on, in SQLite', async (t) => {
  const dataFolder = await temporaryFolder(t);
  const file = new Libsql(join(dataFolder, 'laneway.db'));
  for (const statement of oldRecords(sqliteDialect)) file.exec(statement);
  file.close();
  await checkRecords(await openRecords({ dataFolder, databaseUrl: null }));
});

describe('runs of the first release are counted by line and go on, in PostgreSQL', { skip: postgresMissing() ?? false }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  test('with the functions that counted them before', async () => {
    const databaseUrl = await newDatabase(server.url);
    for (const statement of oldRecords(postgresDialect)) await queryDatabase(databaseUrl, statement);
    await checkRecords(await openRecords({ dataFolder: '', databaseUrl }));
  });
});

/** 3 queued, 2 failed and 4 sync runs, of which a failed and a sync one were forgotten. */
function oldRecords(dialect: Dialect): string[] {
  const steps = [runsMigration, runEventsMigration, versionsMigration, accessMigration];
  const run = (id: string, mode: string, state: string, endedAt: number | null) =>
    `insert into runs (id, mode, source, executor, function, lane, version, version_asked, state, attempt, fence, priority,
      due_at, announced_at, deaths, created_at, ended_at, timeout_ms, payload_bytes, result_bytes)
    values ('${id}', '${mode}', 'http', 'local', 'hello', 'latest', '1.1', 'latest', '${state}', 0, 1, 0,
      5, ${id === 'queued-2' ? 'null' : '5'}, 0, 5, ${endedAt}, 1000, 3, 0)`;
  return [
    ...steps.flatMap((step) => step.statements(dialect)),
    'create table migrations (name text primary key, applied_at bigint not null)',
    ...steps.map(({ name }) => `insert into migrations values ('${name}', 1)`),
    ...[0, 1, 2].map((index) => run(`queued-${index}`, 'queued', 'queued', null)),
    ...[0, 1].map((index) => run(`failed-${index}`, 'queued', 'failed', 9)),
    ...[0, 1, 2, 3].map((index) => run(`sync-${index}`, 'sync', 'succeeded', 9)),
    `insert into run_bodies values ('queued-0', 'payload', '{"url":"/old","headers":{},"parameters":{}}', '"old"', null)`,
    `delete from runs where id in ('failed-1', 'sync-3')`,
  ];
}

async function checkRecords(records: Records): Promise<void> {
  const { runs } = records;
  const all = { queued: 3, running: 0, succeeded: 4, failed: 2, cancelled: 0, expired: 0, accepted: 9 };
  assert.deepEqual(await runs.countByState(), all);
  const line = { function: 'hello', lane: 'latest' };
  assert.deepEqual(await runs.countByLine(), [{ ...all, ...line, succeeded: 3, failed: 1, accepted: 7 }]);
  assert.deepEqual(await runs.countDead(), [{ ...line, runs: 1 }]);
  // What was not announced yet is due, and the rest is ready.
  assert.deepEqual(await runs.release(10), { released: 1, lines: [line] });
  const claimed = (await runs.claimNext(line, 9, by())).runs;
  assert.deepEqual(claimed.map(({ run }) => run.id).sort(), ['queued-0', 'queued-1', 'queued-2']);
  const first = claimed.find(({ run }) => run.id === 'queued-0')!;
  assert.deepEqual([first.payload, first.invocation.url], ['"old"', '/old']);
  assert.equal(await runs.end(claimOf(first), succeeded), 'succeeded');
  assert.equal(await runs.payload('queued-0'), null);
  assert.deepEqual(await runs.countByState(), { ...all, queued: 0, running: 2, succeeded: 5 });
  assert.equal(await runs.forget({ endedBefore: 100, deadBefore: 100, keepAtMost: null }, 10), 4);
  await records.close();
}
