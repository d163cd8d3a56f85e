import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTestStore, push, treeOf, versionOf } from './open-test-store.js';
import { rawZip } from './raw-zip.js';

test('a full disk is 507 and leaves nothing half-written', { skip: mountMissing() ?? false }, async (t) => {
  const folder = mountSmallDisk();
  t.after(() => unmount(folder));
  const { store } = await openTestStore(t, { folder });
  await push(store);
  const before = treeOf(folder);
  const unpacked = rawZip([
    { name: 'index.mjs', data: '' },
    { name: 'noise', data: randomBytes(700_000), method: 0 },
  ]);
  await assert.rejects(push(store, { zip: unpacked }), { code: 'store_full', status: 507 });
  await assert.rejects(push(store, { zip: Buffer.alloc(3_000_000) }), { code: 'store_full' });
  assert.deepEqual(treeOf(folder), before);
  assert.equal(versionOf(await push(store)), '1.2');
});

function mountSmallDisk(): string {
  const folder = mkdtempSync(join(tmpdir(), 'laneway-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', folder]);
  return folder;
}

function unmount(folder: string): void {
  execFileSync('umount', ['-l', folder]);
  rmSync(folder, { recursive: true, force: true });
}

function mountMissing(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'laneway-full-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', folder]);
  if (status === 0) unmount(folder);
  else rmSync(folder, { recursive: true, force: true });
  return status === 0 ? null : 'a small disk can only be mounted by root';
}
