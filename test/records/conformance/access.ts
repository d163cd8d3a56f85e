import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyRecord } from '../../../src/contract/records.js';
import type { RecordsWay } from '../ways.js';

export function testAccess(way: RecordsWay): void {
  test('keys are kept whole and revoked once', async (t) => {
    const { records, other } = await way.open(t);
    const key: KeyRecord = {
      id: 'abcdefgh',
      hash: 'cd'.repeat(32),
      name: 'build server',
      scopes: ['push', 'run'],
      functions: ['hello'],
      lanes: [],
      expiresAt: 5_000_000_000_000,
      ratePerMinute: 60,
      maxConcurrent: 2,
      createdAt: 1_700_000_000_000,
      createdBy: 'admin',
      revokedAt: null,
    };
    const open: KeyRecord = {
      ...key,
      id: 'ijklmnop',
      functions: null,
      lanes: null,
      expiresAt: null,
      createdAt: 1_800_000_000_000,
    };
    await records.keys.insert(key);
    await records.keys.insert(open);
    assert.deepEqual(await other.keys.all(), [key, open]);
    const settled = await Promise.all([
      records.keys.revoke(key.id, 9),
      other.keys.revoke(key.id, 9),
      records.keys.revoke('no', 9),
    ]);
    assert.deepEqual(settled.filter(Boolean), [true]);
    assert.deepEqual(await records.keys.all(), [{ ...key, revokedAt: 9 }, open]);
    await assert.rejects(records.keys.insert(open));
    assert.equal((await records.keys.all()).length, 2);
  });

  test('secrets are set, replaced and removed', async (t) => {
    const { records } = await way.open(t);
    await records.secrets.set('B', 'one');
    await records.secrets.set('A', 'two');
    await records.secrets.set('B', 'three');
    const all = await records.secrets.all();
    assert.deepEqual(
      all.map(({ name, sealed }) => [name, sealed]),
      [
        ['A', 'two'],
        ['B', 'three'],
      ],
    );
    assert.ok(all.every(({ updatedAt }) => updatedAt > 1_600_000_000_000));
    assert.equal(await records.secrets.remove('A'), true);
    assert.equal(await records.secrets.remove('A'), false);
    assert.equal((await records.secrets.all()).length, 1);
  });

  test('the audit trail is read newest first, page by page', async (t) => {
    const { records } = await way.open(t);
    for (const target of ['one', 'two', 'three']) {
      await records.audit.append({
        at: 5,
        keyId: null,
        action: 'key.create',
        target,
        details: { scopes: ['run'] },
        address: '::1',
      });
    }
    const page = await records.audit.list(2, null);
    assert.deepEqual(
      page.map(({ target }) => target),
      ['three', 'two'],
    );
    assert.deepEqual(page[0], {
      id: page[0]!.id,
      at: 5,
      keyId: null,
      action: 'key.create',
      target: 'three',
      details: { scopes: ['run'] },
      address: '::1',
    });
    assert.deepEqual(
      (await records.audit.list(2, page[1]!.id)).map(({ target }) => target),
      ['one'],
    );
  });

  test('the installation id is made once', async (t) => {
    const { records, other, reopen } = await way.open(t);
    assert.match(records.installationId, /^[0-9a-f-]{36}$/);
    assert.equal(other.installationId, records.installationId);
    assert.equal((await reopen()).installationId, records.installationId);
  });

  test('closed records answer that they are not available', async (t) => {
    const { records } = await way.open(t);
    await records.check();
    await records.close();
    await assert.rejects(records.check(), { code: 'records_unavailable' });
    await assert.rejects(records.runs.get('x'), { code: 'records_unavailable' });
    await records.close();
  });
}
