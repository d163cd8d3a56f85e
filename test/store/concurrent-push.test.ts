import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FunctionStore } from '../../src/contract/store.js';
import { openRecords } from '../../src/records/open-records.js';
import { postgresMissing, startPostgres } from '../servers/postgres.js';
import { startVsftpd, vsftpdMissing } from '../servers/vsftpd.js';
import { openTestBus, openTestStore, push, treeOf, versionOf } from './open-test-store.js';

const pushes = 200;
const expected = Array.from({ length: pushes }, (_, at) => `1.${at + 1}`);

test('200 pushes at once to one lane on disk have 200 numbers', async (t) => {
  const { store, folder } = await openTestStore(t);
  const numbers = await pushToEach([store]);
  assert.deepEqual(sorted(numbers), expected);
  assert.deepEqual(sorted(readdirSync(join(folder, 'hello/latest'))), expected);
  assert.deepEqual(treeOf(join(folder, '.laneway/tmp')), []);
});

test(
  '200 pushes at once through two servers on one PostgreSQL have 200 numbers',
  { skip: postgresMissing() ?? false },
  async (t) => {
    const postgres = await startPostgres();
    t.after(() => postgres.stop());
    const bus = openTestBus();
    const stores: FunctionStore[] = [];
    for (let server = 0; server < 2; server += 1) {
      const records = await openRecords({ dataFolder: '/tmp', databaseUrl: postgres.url });
      const { store } = await openTestStore(t, { records, bus, shared: true });
      t.after(() => records.close());
      stores.push(store);
    }
    assert.deepEqual(sorted(await pushToEach(stores)), expected);
    for (const store of stores) assert.equal((await store.versions('hello', 'latest')).length, pushes);
  },
);

test('200 pushes at once through two servers on a bare FTP have 200 numbers', { skip: vsftpdMissing() ?? false }, async (t) => {
  const ftp = await startVsftpd();
  t.after(() => ftp.stop());
  const options = { ftp: { url: ftp.url, ca: null, connections: 4 } };
  const stores = [await openTestStore(t, options), await openTestStore(t, options)].map(({ store }) => store);
  const numbers = await pushToEach(stores);
  assert.equal(new Set(numbers).size, pushes);
  assert.deepEqual(sorted(readdirSync(join(ftp.root, 'hello/latest'))), sorted(numbers.map((number) => `${number}.zip`)));
  assert.deepEqual(readdirSync(join(ftp.root, '.laneway/tmp')), []);
});

/** Half of the pushes to each of two stores, or all to one. */
async function pushToEach(stores: readonly FunctionStore[]): Promise<string[]> {
  const all = Array.from({ length: pushes }, (_, at) => push(stores[at % stores.length]!));
  return (await Promise.all(all)).map(versionOf);
}

function sorted(names: readonly string[]): string[] {
  return [...names].sort((first, second) => Number(first.split('.')[1]) - Number(second.split('.')[1]));
}
