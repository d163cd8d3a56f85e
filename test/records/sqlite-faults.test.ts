import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { sql } from 'kysely';
import type { RunRecords } from '../../src/contract/records.js';
import type { Backend } from '../../src/records/backend.js';
import { openRecords } from '../../src/records/open-records.js';
import { runRecords } from '../../src/records/runs.js';
import { openSqlite } from '../../src/records/sqlite/open-sqlite.js';
import { RecordsThread } from '../../src/records/sqlite/records-thread.js';
import { areRecordsAway } from '../../src/runs/records-away.js';
import { acceptRun, newRun } from './sample-runs.js';
import { temporaryFolder } from './ways.js';

const unavailable = { code: 'records_unavailable' };

test('a call that can not be carried out fails alone, those that wait with it are committed', async (t) => {
  const { runs } = await openBackend(t);
  const bad = newRun({ callerId: true as unknown as string });
  const good = Array.from({ length: 20 }, () => newRun());
  const settled = await Promise.allSettled([...good.slice(10), bad, ...good.slice(0, 10)].map((run) => runs.accept(run)));
  assert.deepEqual(
    settled.flatMap(({ status }, index) => (status === 'rejected' ? [index] : [])),
    [10],
  );
  assert.equal(await runs.get(bad.id), null);
  for (const { id } of good) assert.equal((await runs.get(id))?.state, 'queued');
});

test('what can not be sent to the records thread fails alone too', async (t) => {
  const { runs } = await openBackend(t);
  const run = newRun();
  const bad = newRun({ callerId: (() => {}) as unknown as string });
  const [first, second] = await Promise.allSettled([runs.accept(bad), runs.get(run.id)]);
  assert.equal(first.status, 'rejected');
  assert.deepEqual(second.status, 'fulfilled');
  await runs.accept(run);
});

test('a full disk is records_unavailable with its cause, and over when there is room again', async (t) => {
  const { runs, backend } = await openBackend(t);
  const kept = newRun();
  await runs.accept(kept);
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(backend.db);
  await sql.raw(`pragma max_page_count = ${rows[0]!.page_count + 20}`).execute(backend.db);
  const payload = JSON.stringify('x'.repeat(100_000));
  const settled = await Promise.allSettled(Array.from({ length: 20 }, () => runs.accept(newRun({ payload }))));
  const refused = settled.filter((one) => one.status === 'rejected');
  assert.ok(refused.length > 0);
  for (const { reason } of refused) {
    assert.equal(reason.code, 'records_unavailable');
    assert.equal(reason.cause.code, 'SQLITE_FULL');
  }
  assert.equal((await runs.countByState()).queued, 21 - refused.length);
  await sql.raw('pragma max_page_count = 1000000').execute(backend.db);
  await runs.accept(newRun({ payload }));
  assert.equal((await runs.get(kept.id))?.state, 'queued');
});

test('a large payload that can not be written is records_unavailable and accepts nothing', async (t) => {
  const { runs, dataFolder } = await openBackend(t);
  await rm(join(dataFolder, 'payloads'), { recursive: true });
  const run = newRun({ payload: JSON.stringify('x'.repeat(300_000)) });
  await assert.rejects(runs.accept(run), unavailable);
  assert.equal(await runs.get(run.id), null);
});

test('when the records thread dies, every waiting call is rejected, and a new one goes on from what was committed', async (t) => {
  const started = once(process, 'worker') as Promise<[Worker]>;
  const { runs, dataFolder } = await openBackend(t);
  const [thread] = await started;
  const kept = newRun();
  await runs.accept(kept);
  const inFlight = Array.from({ length: 200 }, () => newRun());
  const accepting = Promise.allSettled(inFlight.map((run) => runs.accept(run)));
  const restarted = once(process, 'worker') as Promise<[Worker]>;
  await new Promise(setImmediate);
  // What it can't read ends it, between two calls: in the middle of one, libsql would take the whole process along.
  const ended = new Promise((resolve) => thread.once('exit', resolve));
  thread.postMessage(null);
  await ended;
  const settled = await accepting;
  for (const one of settled) if (one.status === 'rejected') assert.equal(one.reason.code, 'records_unavailable');
  await assert.rejects(runs.get(kept.id), unavailable);

  const [next] = await restarted;
  await once(next, 'message');
  assert.equal((await runs.get(kept.id))?.state, 'queued');
  for (const [index, { id }] of inFlight.entries()) {
    if (settled[index]!.status === 'fulfilled') assert.equal((await runs.get(id))?.state, 'queued');
  }
  await runs.accept(newRun());
  await assert.rejects(openSqlite(dataFolder), /in use by another server/);
});

test('bounded: more calls than can wait are refused at once', async (t) => {
  const thread = await RecordsThread.start(join(await temporaryFolder(t), 'laneway.db'));
  const waiting = Array.from({ length: 100_000 }, () => thread.call('query', ['select 1', 1]));
  await assert.rejects(thread.call('query', ['select 1', 1]), unavailable);
  await Promise.all(waiting);
  await thread.call('query', ['select 1', 1]);
  await thread.close();
});

test('records of a newer release are refused', async (t) => {
  const { backend, dataFolder } = await openBackend(t);
  await sql`insert into migrations (name, applied_at) values ('999-from-the-future', 0)`.execute(backend.db);
  await backend.close();
  await assert.rejects(openRecords({ dataFolder, databaseUrl: null }), /newer release of Laneway \(step 999-from-the-future\)/);
});

test('opening again changes nothing, and a data folder that can not be made is refused', async (t) => {
  const dataFolder = await temporaryFolder(t);
  const first = await openRecords({ dataFolder, databaseUrl: null });
  const { id } = await acceptRun(first);
  await first.close();
  const second = await openRecords({ dataFolder, databaseUrl: null });
  assert.equal((await second.runs.get(id))?.id, id);
  await second.close();
  await assert.rejects(openRecords({ dataFolder: '/dev/null/data', databaseUrl: null }), { code: 'ENOTDIR' });
});

test('large bodies of what could not be written do not fill the disk further', async (t) => {
  const { runs, backend, dataFolder } = await openBackend(t);
  const run = newRun();
  await runs.accept(run);
  const claimed = (await runs.claim({ runId: run.id, fence: 1 }, { owner: 'this boot', leaseMs: 10_000, limits: null }))!;
  assert.notEqual(claimed, 'limited');
  await sql`create trigger full_disk before insert on run_bodies begin select raise(abort, 'no room'); end`.execute(backend.db);
  const large = JSON.stringify('x'.repeat(300_000));
  await assert.rejects(runs.accept(newRun({ payload: large })));
  const end = { state: 'succeeded', result: large, timings: null } as const;
  for (let tries = 0; tries < 3; tries += 1) await assert.rejects(runs.end({ runId: run.id, fence: 2 }, end));
  assert.deepEqual(await readdir(join(dataFolder, 'payloads')), []);
  await sql`drop trigger full_disk`.execute(backend.db);
  assert.equal(await runs.end({ runId: run.id, fence: 2 }, end), 'succeeded');
  assert.equal(await runs.result(run.id), large);
});

test('a large body whose file is gone is no outage, which would be waited for without end', async (t) => {
  const { runs, dataFolder } = await openBackend(t);
  const run = newRun({ payload: JSON.stringify('x'.repeat(300_000)) });
  await runs.accept(run);
  await rm(join(dataFolder, 'payloads'), { recursive: true });
  await assert.rejects(
    runs.payload(run.id),
    (error: Error) => !areRecordsAway(error) && /not in the records/.test(error.message),
  );
});

test('an end that is written counts, though the payload can not be removed', async (t) => {
  const { runs, dataFolder } = await openBackend(t);
  const run = newRun({ payload: JSON.stringify('x'.repeat(300_000)) });
  await runs.accept(run);
  await runs.claim({ runId: run.id, fence: 1 }, { owner: 'this boot', leaseMs: 10_000, limits: null });
  const [file] = await readdir(join(dataFolder, 'payloads'));
  await rm(join(dataFolder, 'payloads', file!));
  await mkdir(join(dataFolder, 'payloads', file!));
  assert.equal(await runs.end({ runId: run.id, fence: 2 }, { state: 'succeeded', result: '1', timings: null }), 'succeeded');
});

async function openBackend(t: TestContext): Promise<{ runs: RunRecords; backend: Backend; dataFolder: string }> {
  const dataFolder = await temporaryFolder(t);
  const backend = await openSqlite(dataFolder);
  t.after(() => backend.close().catch(() => {}));
  return { runs: runRecords(backend), backend, dataFolder };
}
