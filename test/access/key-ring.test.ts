import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { KeyRing } from '../../src/access/key-ring.js';
import { formatKey, makeKey, parseKey } from '../../src/access/key.js';
import type { Scope } from '../../src/contract/words.js';
import { MemoryBus, MemoryKeys } from './memory-records.js';
import { until } from '../until.js';

interface Clock {
  now: number;
}
const invalid = { code: 'key_invalid', status: 401 };

async function openRing(
  test: TestContext,
  given: Partial<{ records: MemoryKeys; bus: MemoryBus; clock: Clock; pollMs: number }>,
) {
  const { records = new MemoryKeys(), bus = new MemoryBus(), clock = { now: 1000 }, pollMs = null } = given;
  const errors: unknown[] = [];
  const ring = await KeyRing.open({ records, bus, pollMs, clock: () => clock.now, onError: (error) => errors.push(error) });
  test.after(() => ring.close());
  return { ring, records, bus, clock, errors };
}

test('an issued key is accepted, at first and later, and its principal is one object', async (t) => {
  const { ring } = await openRing(t, {});
  const { token, record } = await ring.issue({ name: 'ci', scopes: ['push', 'run'], functions: ['a'], lanes: ['dev'] });
  const principal = ring.verify(token);
  assert.equal(principal.keyId, record.id);
  assert.deepEqual([...principal.scopes], ['push', 'run']);
  assert.deepEqual(principal.functions, new Set(['a']));
  for (let round = 0; round < 3; round += 1) assert.equal(ring.verify(token), principal);
});

test('the records keep a hash and never the secret', async (t) => {
  const { ring, records } = await openRing(t, {});
  const { token } = await ring.issue({ name: 'ci', scopes: ['run'] });
  const { secret } = parseKey(token)!;
  assert.ok(!JSON.stringify([...records.rows.values()]).includes(secret));
});

test('a wrong, truncated, lengthened or swapped secret is refused, before and after the right one was seen', async (t) => {
  const { ring } = await openRing(t, {});
  const { token } = await ring.issue({ name: 'one', scopes: ['run'] });
  const other = await ring.issue({ name: 'other', scopes: ['run'] });
  const { id, secret } = parseKey(token)!;
  const wrong = [
    token.slice(0, -1),
    `${token}A`,
    formatKey({ id, secret: parseKey(other.token)!.secret }),
    formatKey({ id: parseKey(other.token)!.id, secret }),
    formatKey({ id: makeKey().id, secret }),
    formatKey({ id, secret: secret.toUpperCase() === secret ? secret.toLowerCase() : secret.toUpperCase() }),
    formatKey(makeKey()),
    'lw_',
    '',
  ];
  for (const attempt of wrong) assert.throws(() => ring.verify(attempt), invalid, attempt);
  ring.verify(token);
  ring.verify(other.token);
  for (const attempt of wrong) assert.throws(() => ring.verify(attempt), invalid, attempt);
});

test('a record with a damaged hash is refused, not an error of its own', async (t) => {
  const { ring, records, bus } = await openRing(t, {});
  const { token, record } = await ring.issue({ name: 'one', scopes: ['run'] });
  for (const hash of ['', 'zz', '00'.repeat(31), '00'.repeat(33)]) {
    records.rows.get(record.id)!.hash = hash;
    bus.publish('keys', record.id);
    await until(() => {
      try {
        ring.verify(token);
        return false;
      } catch {
        return true;
      }
    });
    assert.throws(() => ring.verify(token), invalid);
  }
});

test('a key expires on time, also when it was verified before', async (t) => {
  const { ring, clock } = await openRing(t, {});
  const { token } = await ring.issue({ name: 'short', scopes: ['run'], expiresAt: 2000 });
  clock.now = 1999;
  ring.verify(token);
  clock.now = 2000;
  assert.throws(() => ring.verify(token), invalid);
});

test('a revoked key is refused as soon as the revocation is answered', async (t) => {
  const { ring } = await openRing(t, {});
  const { token, record } = await ring.issue({ name: 'gone', scopes: ['run'] });
  ring.verify(token);
  await ring.revoke(record.id);
  assert.throws(() => ring.verify(token), invalid);
  await assert.rejects(ring.revoke(record.id), { code: 'key_not_found' });
  await assert.rejects(ring.revoke('nobody'), { code: 'key_not_found' });
});

test('another server sees new and revoked keys by message', async (t) => {
  const a = await openRing(t, {});
  const b = await openRing(t, { records: a.records, bus: a.bus });
  const { token, record } = await a.ring.issue({ name: 'shared', scopes: ['run'] });
  await until(() => accepts(b.ring, token));
  await a.ring.revoke(record.id);
  await until(() => !accepts(b.ring, token));
});

test('another server sees them without messages by polling, and after a reconnection', async (t) => {
  const a = await openRing(t, {});
  const polling = await openRing(t, { records: a.records, pollMs: 10 });
  const reconnecting = await openRing(t, { records: a.records });
  const { token } = await a.ring.issue({ name: 'shared', scopes: ['run'] });
  await until(() => accepts(polling.ring, token));
  assert.ok(!accepts(reconnecting.ring, token));
  reconnecting.bus.reconnect();
  await until(() => accepts(reconnecting.ring, token));
});

test('known keys stay in force while the records are away', async (t) => {
  const { ring, records, bus, errors } = await openRing(t, {});
  const { token } = await ring.issue({ name: 'kept', scopes: ['run'] });
  records.failing = new Error('connection refused');
  bus.publish('keys', '');
  await until(() => errors.length > 0);
  assert.ok(accepts(ring, token));
});

test('a slow older load never undoes a revocation', async (t) => {
  const { ring, records, bus } = await openRing(t, {});
  const { token, record } = await ring.issue({ name: 'raced', scopes: ['run'] });
  const all = records.all.bind(records);
  let letGo: (() => void) | null = null;
  records.all = async () => {
    records.all = all;
    const rows = await all();
    await new Promise<void>((resolve) => (letGo = resolve));
    return rows;
  };
  bus.publish('keys', '');
  await until(() => letGo !== null);
  const revoked = ring.revoke(record.id);
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  letGo!();
  await revoked;
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  assert.ok(!accepts(ring, token));
});

test('a record with scopes that do not exist gives no right', async (t) => {
  const { ring, records, bus } = await openRing(t, {});
  const { token, record } = await ring.issue({ name: 'forged', scopes: ['run'] });
  records.rows.get(record.id)!.scopes = ['ADMIN', 'admin ', 'root', '*', 'constructor'] as unknown as Scope[];
  bus.publish('keys', record.id);
  await until(() => ring.verify(token).scopes.size === 0);
});

test('a wish that makes no sense is refused and nothing is recorded', async (t) => {
  const { ring, records } = await openRing(t, {});
  const right = { name: 'n', scopes: ['run'] as Scope[] };
  const wrong = [
    { ...right, name: '' },
    { ...right, name: 'a\nb' },
    { ...right, name: 'a\u202eb' },
    { ...right, name: 'n'.repeat(129) },
    { ...right, scopes: [] },
    { ...right, scopes: ['root' as Scope] },
    { ...right, functions: [] },
    { ...right, functions: ['../x'] },
    { ...right, lanes: ['a..b'] },
    { ...right, scopes: ['admin'] as Scope[], functions: ['a'] },
    { ...right, scopes: ['admin'] as Scope[], lanes: ['dev'] },
    { ...right, expiresAt: 1000 },
    { ...right, expiresAt: Number.NaN },
    { ...right, ratePerMinute: 0 },
    { ...right, ratePerMinute: 1.5 },
    { ...right, maxConcurrent: -1 },
  ];
  for (const wish of wrong) await assert.rejects(ring.issue(wish), { code: 'validation_failed' }, JSON.stringify(wish));
  assert.equal(records.rows.size, 0);
});

test('closing takes every subscription away', async (t) => {
  const { ring, bus } = await openRing(t, { pollMs: 10 });
  assert.equal(bus.subscribers(), 2);
  ring.close();
  assert.equal(bus.subscribers(), 0);
});

test('an opening that fails leaves nothing behind', async () => {
  const records = new MemoryKeys();
  const bus = new MemoryBus();
  records.failing = new Error('away');
  await assert.rejects(KeyRing.open({ records, bus, pollMs: 10, clock: Date.now, onError: () => {} }), /away/);
  assert.equal(bus.subscribers(), 0);
});

function accepts(ring: KeyRing, token: string): boolean {
  try {
    ring.verify(token);
    return true;
  } catch {
    return false;
  }
}
