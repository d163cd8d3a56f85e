import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openSealKey, seal, unseal } from '../../src/access/seal.js';
import { Secrets } from '../../src/access/secrets.js';
import { ConfigError } from '../../src/config.js';
import { MemoryBus, MemorySecrets } from './memory-records.js';
import { temporaryFolder } from '../temporary-folder.js';
import { until } from '../until.js';

const key = randomBytes(32);

async function openSecrets(test: TestContext, given: Partial<{ records: MemorySecrets; bus: MemoryBus; sealKey: Buffer }> = {}) {
  const { records = new MemorySecrets(), bus = new MemoryBus(), sealKey = key } = given;
  const secrets = await Secrets.open({ records, bus, sealKey, pollMs: null, onError: () => {} });
  test.after(() => secrets.close());
  return { secrets, records, bus };
}

test('a sealed value opens again, and never looks the same twice', () => {
  for (const value of ['', 'x', 'pass word', '\u{1F511} keys', 'a'.repeat(40_000)]) {
    const sealed = seal(key, 'NAME', value);
    assert.equal(unseal(key, 'NAME', sealed), value);
    assert.notEqual(seal(key, 'NAME', value), sealed);
    assert.ok(value.length < 5 || !sealed.includes(value));
  }
});

test('every changed, cut or added byte is noticed', () => {
  const sealed = seal(key, 'NAME', 'value');
  const bytes = Buffer.from(sealed.slice(3), 'base64url');
  for (let at = 0; at < bytes.length; at += 1) {
    for (const bit of [1, 128]) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= bit;
      assert.equal(unseal(key, 'NAME', `v1.${changed.toString('base64url')}`), null);
    }
    assert.equal(unseal(key, 'NAME', `v1.${bytes.subarray(0, at).toString('base64url')}`), null);
  }
  assert.equal(unseal(key, 'NAME', `v1.${Buffer.concat([bytes, Buffer.from('x')]).toString('base64url')}`), null);
  for (const text of ['', 'v1.', 'v2' + sealed.slice(2), 'plain']) assert.equal(unseal(key, 'NAME', text), null);
});

test('a sealed value opens under its own name and key only', () => {
  const sealed = seal(key, 'NAME', 'value');
  assert.equal(unseal(key, 'OTHER', sealed), null);
  assert.equal(unseal(key, 'name', sealed), null);
  assert.equal(unseal(randomBytes(32), 'NAME', sealed), null);
});

test('the key file is made once, 0600, also by starts at the same time', async (t) => {
  const folder = join(await temporaryFolder(t), 'data');
  const keys = await Promise.all(Array.from({ length: 20 }, () => openSealKey(null, folder)));
  assert.equal(new Set(keys.map((made) => made.toString('hex'))).size, 1);
  assert.equal(keys[0]!.length, 32);
  assert.equal((await stat(join(folder, 'secret-key'))).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(folder), ['secret-key']);
  assert.deepEqual(await openSealKey(null, folder), keys[0]);
});

test('a given key needs no file', async (t) => {
  const folder = await temporaryFolder(t);
  assert.deepEqual(await openSealKey('AB'.repeat(32), folder), Buffer.alloc(32, 0xab));
  assert.deepEqual(await readdir(folder), []);
});

test('a damaged key file stops the start and is left as it is', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'secret-key');
  for (const text of ['', 'abc', 'g'.repeat(64), 'a'.repeat(65)]) {
    await writeFile(file, text);
    await assert.rejects(
      openSealKey(null, folder),
      (error: Error) => error instanceof ConfigError && error.message.includes(file),
    );
    assert.equal(await readFile(file, 'utf8'), text);
  }
});

test('a secret that was set is there at once, sealed in the records, and shown by name only', async (t) => {
  const { secrets, records } = await openSecrets(t);
  await secrets.set('DB_PASSWORD', 'hunter2hunter2');
  await secrets.set('API_TOKEN', 'other');
  assert.deepEqual(secrets.secretsFor(['DB_PASSWORD']), { DB_PASSWORD: 'hunter2hunter2' });
  assert.deepEqual(secrets.secretsFor([]), {});
  assert.deepEqual(
    secrets.list().map(({ name }) => name),
    ['API_TOKEN', 'DB_PASSWORD'],
  );
  assert.ok(!JSON.stringify([[...records.rows.values()], secrets.list()]).includes('hunter2'));
  await secrets.set('DB_PASSWORD', 'changed');
  assert.deepEqual(secrets.secretsFor(['API_TOKEN', 'DB_PASSWORD']), { API_TOKEN: 'other', DB_PASSWORD: 'changed' });
});

test('a secret that is not there, or no more, is told by name', async (t) => {
  const { secrets } = await openSecrets(t);
  await secrets.set('HERE', 'x');
  assert.throws(() => secrets.secretsFor(['HERE', 'GONE']), { code: 'secret_not_found', details: { name: 'GONE' } });
  await secrets.remove('HERE');
  assert.throws(() => secrets.secretsFor(['HERE']), { code: 'secret_not_found' });
  await assert.rejects(secrets.remove('HERE'), { code: 'secret_not_found' });
  for (const name of ['__proto__', 'constructor', 'toString']) {
    assert.throws(() => secrets.secretsFor([name]), { code: 'secret_not_found' });
  }
});

test('names and values that can not be environment variables are refused', async (t) => {
  const { secrets, records } = await openSecrets(t);
  for (const name of ['', '1A', 'A-B', 'A=B', 'A\0', 'A\n', '\u00c4', '\uff21', 'A'.repeat(129), '../A']) {
    await assert.rejects(secrets.set(name, 'x'), { code: 'secret_name_invalid' });
    await assert.rejects(secrets.remove(name), { code: 'secret_name_invalid' });
  }
  await assert.rejects(secrets.set('A', 'a\0b'), { code: 'validation_failed' });
  await assert.rejects(secrets.set('A', '\u00e4'.repeat(16_385)), { code: 'validation_failed' });
  await secrets.set('A', 'x'.repeat(32_768));
  assert.equal(records.rows.size, 1);
});

test('other servers follow by message', async (t) => {
  const a = await openSecrets(t);
  const b = await openSecrets(t, { records: a.records, bus: a.bus });
  await a.secrets.set('SHARED', 'one');
  await until(() => b.secrets.list().length === 1);
  assert.deepEqual(b.secrets.secretsFor(['SHARED']), { SHARED: 'one' });
  await a.secrets.remove('SHARED');
  await until(() => b.secrets.list().length === 0);
});

test('a server with another key does not start, and one that runs refuses the secret by name', async (t) => {
  const a = await openSecrets(t);
  const b = await openSecrets(t, { records: a.records, bus: a.bus, sealKey: randomBytes(32) });
  await a.secrets.set('SHARED', 'one');
  await until(() => b.secrets.list().length === 1);
  assert.throws(() => b.secrets.secretsFor(['SHARED']), { code: 'secret_unreadable', details: { name: 'SHARED' } });
  const bus = new MemoryBus();
  const opening = Secrets.open({ records: a.records, bus, sealKey: randomBytes(32), pollMs: null, onError: () => {} });
  await assert.rejects(opening, { code: 'secret_unreadable' });
  assert.equal(bus.subscribers(), 0);
});

test('a secret moved to another name in the records does not open', async (t) => {
  const { secrets, records, bus } = await openSecrets(t);
  await secrets.set('LOW', 'low');
  await secrets.set('HIGH', 'high');
  records.rows.get('LOW')!.sealed = records.rows.get('HIGH')!.sealed;
  bus.publish('secrets', 'LOW');
  await until(() => {
    try {
      return secrets.secretsFor(['LOW'])['LOW'] === undefined;
    } catch {
      return true;
    }
  });
  assert.throws(() => secrets.secretsFor(['LOW']), { code: 'secret_unreadable' });
});
