import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { deflateRawSync } from 'node:zlib';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LanewayError, type ErrorCode } from '../../src/errors.js';
import { openTestStore, push, treeOf } from './open-test-store.js';
import { hostileZips } from './hostile-zips.js';
import { numbers, rawZip, type RawEntry } from './raw-zip.js';

const index: RawEntry = { name: 'index.mjs', data: 'export default () => 1;' };

test('every hostile zip is refused with its own code and leaves nothing behind', async (t) => {
  const { store, folder } = await openTestStore(t);
  const before = treeOf(folder);
  for (const [title, code, zip] of hostileZips()) {
    await t.test(`${title} is ${code}`, async () => {
      await assert.rejects(push(store, { zip }), (error) => error instanceof LanewayError && refusedAs(error, code));
      assert.deepEqual(treeOf(folder), before);
    });
  }
  assert.deepEqual(await store.functions(), []);
});

function refusedAs(error: LanewayError, code: ErrorCode): boolean {
  assert.equal(error.code, code, error.message);
  return true;
}

test('memory grows by less than 20 MB while hostile zips are refused', () => {
  const program = fileURLToPath(new URL('measure-hostile-zips.js', import.meta.url));
  const grown = Number(execFileSync(process.execPath, ['--expose-gc', program], { encoding: 'utf8' }));
  assert.ok(grown < 20, `it grew by ${grown} MB`);
});

test('a zip from a usual tool is taken: folders, data descriptors, a comment, extra fields', async (t) => {
  const { store } = await openTestStore(t);
  const extra = numbers([0x5455, 2], [5, 2], [1, 1], [0x60000000, 4]);
  const zip = rawZip(
    [
      { name: 'lib/', data: '', method: 0, mode: 0o040755 },
      { ...index, extra },
      { name: 'lib/a b.txt', data: 'x' },
    ],
    {
      comment: Buffer.alloc(65_000, 'c'),
    },
  );
  assert.equal((await push(store, { zip })).minor, 1);
});

test('a zip64 end record that tells the truth is taken', async (t) => {
  const { store } = await openTestStore(t);
  const zip = rawZip([index], { zip64Count: 1 });
  assert.equal((await push(store, { zip })).minor, 1);
});

test('bytes behind the end of a packed entry change nothing', async (t) => {
  const { store } = await openTestStore(t);
  const packed = Buffer.concat([deflateRawSync(Buffer.from('export default 1;')), Buffer.alloc(1000, 'x')]);
  const version = await push(store, { zip: rawZip([{ name: 'index.mjs', data: 'export default 1;', packed }]) });
  const { folder } = await store.deployed({ function: 'hello', lane: 'latest', version: `${version.major}.${version.minor}` });
  assert.deepEqual(treeOf(folder), ['index.mjs']);
});
