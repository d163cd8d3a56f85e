import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAudit } from '../../src/access/audit.js';
import { formatKey, makeKey } from '../../src/access/key.js';
import type { Principal } from '../../src/contract/principal.js';
import { MemoryAudit } from './memory-records.js';

const by: Principal = {
  keyId: 'abcdefgh',
  scopes: new Set(['admin']),
  functions: null,
  lanes: null,
  ratePerMinute: null,
  maxConcurrent: null,
};

test('a change is written down with who, what, where and when', async () => {
  const records = new MemoryAudit();
  const audit = createAudit(records, () => 42);
  await audit({
    by,
    action: 'version.push',
    target: 'hello/dev/1.1',
    details: { size_bytes: 7, new_major: false },
    address: '::1',
  });
  await audit({ by: null, action: 'key.create', target: 'abcdefgh' });
  assert.deepEqual(records.entries, [
    {
      id: 1,
      at: 42,
      keyId: 'abcdefgh',
      action: 'version.push',
      target: 'hello/dev/1.1',
      details: { size_bytes: 7, new_major: false },
      address: '::1',
    },
    { id: 2, at: 42, keyId: null, action: 'key.create', target: 'abcdefgh', details: {}, address: null },
  ]);
});

test('no secret gets into it, wherever it is put', async () => {
  const records = new MemoryAudit();
  const key = makeKey();
  const token = formatKey(key);
  await createAudit(
    records,
    () => 0,
  )({
    by,
    action: 'x',
    target: `made ${token}`,
    details: {
      note: `${'a'.repeat(950)} ${token}`,
      token: 'opaque-1',
      secret: 'opaque-2',
      nested: [{ Authorization: 'opaque-3', list: [token], apiKey: 'opaque-4' }],
      url: 'redis://user:opaque-5@host:6379/0',
      plain_url: 'https://host/a:b@c',
      deep: { a: { b: { c: { d: { e: 'opaque-6' } } } } },
      names: ['DB_PASSWORD'],
    },
  });
  const text = JSON.stringify(records.entries);
  assert.ok(!text.includes(key.secret.slice(0, 8)), text);
  assert.doesNotMatch(text, /opaque/);
  for (const kept of [key.id, 'DB_PASSWORD', 'redis://user:***@host', 'https://host/a:b@c']) assert.ok(text.includes(kept), kept);
});

test('bounded: long texts and lists are cut', async () => {
  const records = new MemoryAudit();
  await createAudit(
    records,
    () => 0,
  )({
    by,
    action: 'x',
    target: 't'.repeat(5000),
    details: { text: 'x'.repeat(100_000), list: Array.from({ length: 5000 }, () => 1) },
  });
  assert.ok(JSON.stringify(records.entries).length < 3000);
});
