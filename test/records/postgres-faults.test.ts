import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { Client } from 'pg';
import type { Records } from '../../src/contract/records.js';
import { openRecords } from '../../src/records/open-records.js';
import { openPostgres } from '../../src/records/postgres/open-postgres.js';
import { postgresMissing, startPostgres, type PostgresServer } from '../servers/postgres.js';
import { acceptRun, by, claimOf, claimedRun, newRun, succeeded } from './sample-runs.js';
import { newDatabase, queryDatabase } from './ways.js';

const unavailable = { code: 'records_unavailable' };

describe('faults of PostgreSQL', { skip: postgresMissing() ?? false }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  test('eight servers that start at once on an empty database agree', async () => {
    const databaseUrl = await newDatabase(server.url);
    const opened = await Promise.all(Array.from({ length: 8 }, () => openRecords({ dataFolder: '', databaseUrl })));
    assert.equal(new Set(opened.map((records) => records.installationId)).size, 1);
    await Promise.all(opened.map((records) => records.close()));
  });

  test('a call that can not be carried out fails alone, those that wait with it are committed', async () => {
    const records = await openRecords({ dataFolder: '', databaseUrl: await newDatabase(server.url) });
    const runs = await Promise.all(Array.from({ length: 20 }, () => acceptRun(records)));
    const fences = runs.map((_, index) => (index === 7 ? 1e30 : 1));
    const settled = await Promise.allSettled(
      runs.map(({ id }, index) => records.runs.claim({ runId: id, fence: fences[index]! }, by('a', 1000))),
    );
    assert.deepEqual(
      settled.flatMap(({ status }, index) => (status === 'rejected' ? [index] : [])),
      [7],
    );
    assert.equal((await records.runs.countByState()).running, 19);
    await records.close();
  });

  test('a large body without a run is swept at start when it is a day old', async () => {
    const databaseUrl = await newDatabase(server.url);
    const first = await openRecords({ dataFolder: '', databaseUrl });
    const payload = JSON.stringify('x'.repeat(300_000));
    const { id } = await acceptRun(first, { payload });
    await first.close();
    await queryDatabase(databaseUrl, `update run_body_chunks set kept_at = 0`);
    await queryDatabase(databaseUrl, `insert into run_body_chunks (body_id, seq, kept_at, data) values ('old', 0, 0, 'x')`);
    await queryDatabase(databaseUrl, `insert into run_body_chunks values ('new', 0, extract(epoch from now()) * 1000, 'x')`);
    const second = await openRecords({ dataFolder: '', databaseUrl });
    assert.equal(await second.runs.payload(id), payload);
    const bodies = await queryDatabase<{ body_id: string }>(databaseUrl, 'select distinct body_id from run_body_chunks');
    assert.deepEqual(bodies.length, 2);
    assert.ok(bodies.some((body) => body.body_id === 'new'));
    await second.close();
  });

  test('a server configured not to wait for its disk is made to wait', async () => {
    const databaseUrl = await newDatabase(server.url);
    await queryDatabase(databaseUrl, `alter database ${new URL(databaseUrl).pathname.slice(1)} set synchronous_commit = off`);
    const backend = await openPostgres(databaseUrl);
    const { rows } = await sql<{ setting: string }>`select current_setting('synchronous_commit') as setting`.execute(backend.db);
    assert.deepEqual(rows, [{ setting: 'on' }]);
    await backend.close();
  });

  test('while PostgreSQL is away calls are records_unavailable, and all goes on when it is back', async () => {
    const records = await openRecords({ dataFolder: '', databaseUrl: await newDatabase(server.url) });
    const claimed = await claimedRun(records);
    await server.kill();
    await assert.rejects(records.check(), unavailable);
    await assert.rejects(records.runs.accept(newRun()), unavailable);
    await assert.rejects(records.runs.accept(newRun({ payload: JSON.stringify('x'.repeat(300_000)) })), unavailable);
    await assert.rejects(records.runs.end(claimOf(claimed), succeeded), unavailable);
    await assert.rejects(records.versions.reserve('hello', 'latest', false, null), unavailable);
    await server.restart();
    await records.check();
    assert.equal(await records.runs.end(claimOf(claimed), succeeded), 'succeeded');
    await acceptRun(records);
    await records.close();
  });

  test('while PostgreSQL hangs calls are records_unavailable in the end, and all goes on afterwards', async () => {
    const databaseUrl = await newDatabase(server.url);
    const records = await openRecords({ dataFolder: '', databaseUrl });
    const claimed = await claimedRun(records);
    const blocker = new Client({ connectionString: databaseUrl });
    await blocker.connect();
    await blocker.query('begin');
    await blocker.query('lock table runs');
    const limits = { function: 9, lane: null, keys: [] };
    await Promise.all([
      assert.rejects(records.runs.accept(newRun()), unavailable),
      assert.rejects(records.runs.end(claimOf(claimed), succeeded), unavailable),
      assert.rejects(records.runs.claimNext({ function: 'hello', lane: 'latest' }, 1, by('a', 1000, limits)), unavailable),
    ]);
    await blocker.end();
    await acceptRun(records);
    await records.close();
  });

  test('a renewal that hangs gives up in time for another try', async () => {
    const databaseUrl = await newDatabase(server.url);
    const records = await openRecords({ dataFolder: '', databaseUrl });
    const claim = claimOf(await claimedRun(records));
    const blocker = new Client({ connectionString: databaseUrl });
    await blocker.connect();
    await blocker.query('begin');
    await blocker.query('lock table runs');
    const begun = performance.now();
    await assert.rejects(records.runs.renew([claim], 3000), unavailable);
    assert.ok(performance.now() - begun < 3000, 'the lease is over by then');
    await blocker.end();
    assert.deepEqual(await records.runs.renew([claim], 3000), ['held']);
    await records.close();
  });

  test('no-fake-accept: every run that was accepted is there after a crash of PostgreSQL under load', async () => {
    const records = await openRecords({ dataFolder: '', databaseUrl: await newDatabase(server.url) });
    const accepted: string[] = [];
    const crashes: Promise<void>[] = [];
    await Promise.all(
      Array.from({ length: 16 }, () =>
        acceptUntilItFails(records, accepted, () => {
          if (accepted.length === 300) crashes.push(server.kill());
        }),
      ),
    );
    await Promise.all(crashes);
    await server.restart();
    for (const id of accepted) assert.equal((await records.runs.get(id))?.state, 'queued');
    const { queued } = await records.runs.countByState();
    assert.equal((await records.runs.list({ states: ['queued'] }, 10_000, null)).length, queued);
    await records.close();
  });

  test('a PostgreSQL that does not answer stops the start', async () => {
    const databaseUrl = await newDatabase(server.url);
    await server.kill();
    await assert.rejects(openRecords({ dataFolder: '', databaseUrl }), unavailable);
    await server.restart();
  });
});

async function acceptUntilItFails(records: Records, accepted: string[], onAccepted: () => void): Promise<void> {
  for (;;) {
    const run = newRun();
    try {
      await records.runs.accept(run);
    } catch (error) {
      assert.equal((error as { code: string }).code, 'records_unavailable');
      return;
    }
    accepted.push(run.id);
    onAccepted();
  }
}
