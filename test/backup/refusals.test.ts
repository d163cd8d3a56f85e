import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeBackup } from '../../src/backup/make-backup.js';
import { HeldPayloads } from '../../src/backup/hold-payloads.js';
import { restoreBackup } from '../../src/backup/restore-backup.js';
import { startApp, type TestApp } from '../app/start-app.js';
import { runFas } from '../cli/run-fas.js';
import { temporaryFolder } from '../temporary-folder.js';

const idle = { LANEWAY_QUEUE_CONCURRENCY: '0' };

/** A server that carries nothing out, with one queued run whose payload is a file. */
async function serverWithRun(t: TestContext): Promise<{ server: TestApp; data: string; store: string; run: string }> {
  const folder = await temporaryFolder(t);
  const server = await startApp(idle, folder);
  t.after(() => server.close());
  await server.push('echo', { 'index.mjs': 'export default (payload) => payload;' });
  const json = { function: 'echo', payload: 'x'.repeat(300_000), mode: 'queued' };
  const { id } = (await (await server.ask('POST', '/api/v1/runs', { json })).json()) as { id: string };
  return { server, data: join(folder, 'data'), store: join(folder, 'store'), run: id };
}

async function backedUp(t: TestContext): Promise<string> {
  const { data, store } = await serverWithRun(t);
  const target = join(await temporaryFolder(t), 'backup');
  await makeBackup({ dataFolder: data, store: { folder: store, isCache: false }, target });
  return target;
}

async function restoreTo(t: TestContext, backup: string): Promise<{ data: string; store: string; restored: Promise<unknown> }> {
  const folder = await temporaryFolder(t);
  const [data, store] = [join(folder, 'data'), join(folder, 'store')];
  return { data, store, restored: restoreBackup({ backup, dataFolder: data, storeFolder: store }) };
}

test('a target that is there, or lies in what is backed up, is refused', async (t) => {
  const { data, store } = await serverWithRun(t);
  const folder = await temporaryFolder(t);
  const back = (target: string) => makeBackup({ dataFolder: data, store: { folder: store, isCache: false }, target });
  await assert.rejects(back(folder), /is there already/);
  await assert.rejects(back(join(data, 'backup')), /lies inside .+ it would be lost together with it/);
  await assert.rejects(back(join(store, 'backup')), /lies inside/);
});

test('a payload or version that is gone in all tries is told by its run or name, and nothing is left', async (t) => {
  const { data, store, run } = await serverWithRun(t);
  const folder = await temporaryFolder(t);
  const back = () => makeBackup({ dataFolder: data, store: { folder: store, isCache: false }, target: join(folder, 'backup') });
  await rm(join(store, 'echo'), { recursive: true });
  await assert.rejects(back(), /version 1\.1 of echo in lane latest/);
  for (const file of readdirSync(join(data, 'payloads'))) await rm(join(data, 'payloads', file));
  await assert.rejects(back(), new RegExp(`run ${run}`));
  assert.deepEqual(readdirSync(folder), []);
});

test('a payload that vanishes while the records are copied is held', async (t) => {
  const { data } = await serverWithRun(t);
  const held = await HeldPayloads.in(data);
  const [file] = readdirSync(join(data, 'payloads')) as [string];
  await held.during(async () => {
    await rm(join(data, 'payloads', file));
    await writeFile(join(data, 'payloads', 'later'), 'x');
    while (!existsSync(join(held.folder, 'later'))) await new Promise((resolve) => setTimeout(resolve, 2));
  });
  assert.equal((await readFile(join(held.folder, file), 'utf8')).length, 300_002);
  await held.release();
  assert.ok(!existsSync(held.folder));
});

test('a folder with an installation, or with functions, is refused and left as it is', async (t) => {
  const backup = await backedUp(t);
  const { server, data, store, run } = await serverWithRun(t);
  await assert.rejects(restoreBackup({ backup, dataFolder: data, storeFolder: store }), /is in use by another server/);
  await server.close();
  await assert.rejects(restoreBackup({ backup, dataFolder: data, storeFolder: store }), /holds an installation \(laneway\.db\)/);
  const empty = await temporaryFolder(t);
  await assert.rejects(restoreBackup({ backup, dataFolder: empty, storeFolder: store }), /holds functions \(echo\)/);
  const again = await startApp(idle, join(data, '..'));
  assert.equal((await again.ask('GET', `/api/v1/runs/${run}`)).status, 200);
  await again.close();
});

test('a damaged backup is refused with what is damaged, and leaves the folder empty', async (t) => {
  const damages: [(backup: string) => Promise<void>, RegExp][] = [
    [(backup) => writeFile(join(backup, 'laneway.db'), 'x', { flag: 'a' }), /records do not have the checksum/],
    [(backup) => rm(join(backup, 'payloads', readdirSync(join(backup, 'payloads'))[0]!)), /the file .+ of run .+ is missing/],
    [
      (backup) => writeFile(join(backup, 'payloads', readdirSync(join(backup, 'payloads'))[0]!), 'x'),
      /1 payload files of 1 bytes, noted are 1 of 300002/,
    ],
    [(backup) => rm(join(backup, 'functions-store/echo/latest/1.1/artifact.zip')), /files of versions/],
    [(backup) => writeFile(join(backup, 'backup.json'), '{"format":2,"laneway":"9.0.0"}'), /newer release \(9\.0\.0\)/],
    [(backup) => rm(join(backup, 'backup.json')), /is no backup/],
  ];
  for (const [damage, message] of damages) {
    const backup = await backedUp(t);
    await damage(backup);
    const { data, store, restored } = await restoreTo(t, backup);
    await assert.rejects(restored, message);
    const left = existsSync(data) ? readdirSync(data).filter((name) => !name.startsWith('lock.')) : [];
    assert.deepEqual([left, existsSync(store) ? readdirSync(store) : []], [[], []]);
  }
});

test('what is backed up is private, and the versions can be left out', async (t) => {
  const { data, store } = await serverWithRun(t);
  const home = await temporaryFolder(t);
  const target = join(home, 'backup');
  const environment = { LANEWAY_DATA: data, LANEWAY_STORE: store };
  const { code, stdout } = await runFas(['--json', 'backup', target, '--without-store'], { home, environment });
  assert.equal(code, 0);
  const manifest = JSON.parse(stdout) as { store: null; runs: object; keys: string[] };
  assert.deepEqual([manifest.store, manifest.runs, manifest.keys], [null, { queued: 1 }, ['admin-key', 'secret-key']]);
  const modeOf = (name: string) => (statSync(join(target, name)).mode & 0o777).toString(8);
  assert.deepEqual(['', 'laneway.db', 'payloads', 'admin-key', 'secret-key', 'backup.json'].map(modeOf), [
    '700',
    '600',
    '700',
    '600',
    '600',
    '600',
  ]);
  const { restored, store: restoredStore } = await restoreTo(t, target);
  await restored;
  assert.ok(!existsSync(restoredStore));
});

test('records in PostgreSQL are refused with what to use instead', async (t) => {
  const home = await temporaryFolder(t);
  for (const command of ['backup', 'restore']) {
    const environment = { LANEWAY_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    const { code, stderr } = await runFas([command, 'somewhere'], { home, environment });
    assert.equal(code, 2);
    assert.match(stderr, /LANEWAY_DATABASE_URL is set.+\n.+pg_dump.+FTP/);
  }
});
