import assert from 'node:assert/strict';
import { chmod, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureFirstKey, type FirstKey } from '../../src/access/first-key.js';
import { KeyRing } from '../../src/access/key-ring.js';
import { formatKey, makeKey, parseKey } from '../../src/access/key.js';
import { ConfigError } from '../../src/config.js';
import { MemoryBus, MemoryKeys } from './memory-records.js';
import { temporaryFolder } from '../temporary-folder.js';

function start(records: MemoryKeys, dataFolder: string, given: string | null = null): Promise<FirstKey> {
  return ensureFirstKey({ records, installationId: 'installation-1', dataFolder, given, clock: () => 1000 });
}

async function accepted(records: MemoryKeys, token: string): Promise<boolean> {
  const ring = await KeyRing.open({ records, bus: new MemoryBus(), pollMs: null, clock: () => 1000, onError: () => {} });
  ring.close();
  try {
    return ring.verify(token).scopes.has('admin');
  } catch {
    return false;
  }
}

test('the first start makes an admin key and keeps it 0600, later starts find it', async (t) => {
  const folder = join(await temporaryFolder(t), 'data');
  const records = new MemoryKeys();
  const first = await start(records, folder);
  assert.ok(first.isNew);
  assert.equal(first.file, join(folder, 'admin-key'));
  assert.equal((await stat(first.file)).mode & 0o777, 0o600);
  assert.equal(await readFile(first.file, 'utf8'), `${first.token}\n`);
  assert.ok(await accepted(records, first.token!));
  assert.deepEqual(await start(records, folder), { ...first, isNew: false });
  assert.equal(records.rows.size, 1);
  assert.deepEqual(await readdir(folder), ['admin-key'], 'no temporary file stays');
});

test('rights that others got on the file are taken back', async (t) => {
  const folder = await temporaryFolder(t);
  const records = new MemoryKeys();
  const { file } = await start(records, folder);
  await chmod(file!, 0o644);
  await start(records, folder);
  assert.equal((await stat(file!)).mode & 0o777, 0o600);
});

test('a given key is taken and kept in the file, and is not printed as new', async (t) => {
  const folder = await temporaryFolder(t);
  const records = new MemoryKeys();
  const token = formatKey(makeKey());
  for (let round = 0; round < 2; round += 1) {
    assert.deepEqual(await start(records, folder, token), { token, file: join(folder, 'admin-key'), isNew: false });
  }
  assert.ok(await accepted(records, token));
  assert.equal(records.rows.size, 1);
  assert.equal((await stat(join(folder, 'admin-key'))).mode & 0o777, 0o600);
  assert.equal((await start(records, folder)).token, token, 'it stays the key when the setting goes');
});

test('giving another key revokes the one given before and leaves the others', async (t) => {
  const folder = await temporaryFolder(t);
  const records = new MemoryKeys();
  const made = await start(records, folder);
  const [before, after] = [formatKey(makeKey()), formatKey(makeKey())];
  await start(records, folder, before);
  await start(records, folder, after);
  assert.ok(!(await accepted(records, before)));
  assert.ok(await accepted(records, after));
  assert.ok(await accepted(records, made.token!));
});

test('a given key that can not be it stops the start without showing the secret', async (t) => {
  const folder = await temporaryFolder(t);
  const records = new MemoryKeys();
  const key = makeKey();
  await start(records, folder, formatKey(key));
  const sameId = formatKey({ ...makeKey(), id: key.id });
  await assert.rejects(start(records, folder, sameId), (error: Error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /^LANEWAY_ADMIN_KEY must be /);
    assert.ok(!error.message.includes(parseKey(sameId)!.secret));
    return true;
  });
  records.rows.get(key.id)!.scopes = ['run'];
  await assert.rejects(start(records, folder, formatKey(key)), /must be an admin key/);
  await records.revoke(key.id, 5);
  await assert.rejects(start(records, folder, formatKey(key)), /was revoked/);
});

test('starts at the same time in one folder agree on one key, which is printed once', async (t) => {
  const folder = await temporaryFolder(t);
  const records = new MemoryKeys();
  const results = await Promise.all(Array.from({ length: 20 }, () => start(records, folder)));
  assert.equal(new Set(results.map(({ token }) => token)).size, 1);
  assert.equal(results.filter(({ isNew }) => isNew).length, 1);
  assert.equal(records.rows.size, 1);
  assert.ok(await accepted(records, results[0]!.token!));
  assert.deepEqual(await readdir(folder), ['admin-key']);
});

test('starts at the same time with shared records and folders of their own make one key', async (t) => {
  const root = await temporaryFolder(t);
  const records = new MemoryKeys();
  const results = await Promise.all(Array.from({ length: 10 }, (_, server) => start(records, join(root, `data${server}`))));
  const holders = results.filter(({ token }) => token !== null);
  assert.equal(holders.length, 1);
  assert.ok(holders[0]!.isNew);
  assert.equal(records.rows.size, 1);
  assert.ok(await accepted(records, holders[0]!.token!));
  for (const [server, { token }] of results.entries()) {
    const files = await readdir(join(root, `data${server}`));
    assert.deepEqual(files, token === null ? [] : ['admin-key']);
  }
});

test('a crash between file and record leaves a key that the next start puts into force', async (t) => {
  const folder = await temporaryFolder(t);
  const token = formatKey(makeKey());
  await writeFile(join(folder, 'admin-key'), `${token}\n`, { mode: 0o600 });
  const records = new MemoryKeys();
  assert.deepEqual(await start(records, folder), { token, file: join(folder, 'admin-key'), isNew: true });
  assert.ok(await accepted(records, token));
});

test('a lost file is not replaced while there is an admin key, a revoked key is', async (t) => {
  const folder = await temporaryFolder(t);
  const records = new MemoryKeys();
  const first = await start(records, folder);
  await rm(first.file!);
  assert.deepEqual(await start(records, folder), { token: null, file: null, isNew: false });
  await records.revoke(parseKey(first.token!)!.id, 5);
  const second = await start(records, folder);
  assert.ok(second.isNew);
  assert.notEqual(second.token, first.token);
  assert.ok(await accepted(records, second.token!));
  await records.revoke(parseKey(second.token!)!.id, 5);
  const third = await start(records, folder);
  assert.ok(await accepted(records, third.token!));
  assert.ok(!(await accepted(records, second.token!)));
});

test('a file that holds no key is replaced', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'admin-key'), 'rubbish');
  const records = new MemoryKeys();
  const { token, isNew, file } = await start(records, folder);
  assert.ok(isNew);
  assert.equal(await readFile(file!, 'utf8'), `${token}\n`);
});

test('records that do not answer stop the start', async (t) => {
  const records = new MemoryKeys();
  records.failing = new Error('away');
  await assert.rejects(start(records, await temporaryFolder(t)), /away/);
});
