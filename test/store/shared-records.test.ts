import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Bus } from '../../src/contract/bus.js';
import { openRecords } from '../../src/records/open-records.js';
import { postgresMissing, startPostgres, type PostgresServer } from '../servers/postgres.js';
import { openTestBus, openTestStore, push, until } from './open-test-store.js';

const skip = postgresMissing() ?? false;
const latest = ['hello', 'latest'] as const;
const never = 3_600_000;

test('servers with the same records learn changes over the bus', { skip }, async (t) => {
  const bus = openTestBus();
  const [first, second] = await openTwo(t, () => ({ bus, everyMs: never }));
  await push(first);
  assert.equal((await second.resolve(...latest, '')).version, '1.1');
  await push(first);
  await until(async () => (await second.resolve(...latest, '')).version === '1.2');
  await first.pin(...latest, '1.1');
  await until(async () => (await second.resolve(...latest, '')).version === '1.1');
  await second.unpin(...latest);
  await first.remove(...latest, '1.2');
  await until(async () => (await second.lane(...latest)).versions === 1);
});

test('without a bus that works they learn them from the records', { skip }, async (t) => {
  const [first, second] = await openTwo(t, () => ({ bus: openTestBus(), everyMs: 100 }));
  await push(first);
  assert.equal((await second.resolve(...latest, '')).version, '1.1');
  await push(first);
  await until(async () => (await second.resolve(...latest, '')).version === '1.2');
  await first.pin(...latest, '1.1');
  await until(async () => (await second.resolve(...latest, '')).version === '1.1');
});

test('all who ask at the same moment for what only another server knows get it', { skip }, async (t) => {
  const [first, second] = await openTwo(t, () => ({ bus: openTestBus(), everyMs: never }));
  await push(first);
  const asked = await Promise.all(Array.from({ length: 5 }, async () => second.resolve(...latest, '')));
  assert.deepEqual(
    asked.map(({ version }) => version),
    Array.from({ length: 5 }, () => '1.1'),
  );
});

test('a version that is on no disk here and in no shared store is told as such', { skip }, async (t) => {
  const [first, second] = await openTwo(t, () => ({ bus: openTestBus(), everyMs: never }));
  await push(first);
  const resolved = await second.resolve(...latest, '');
  await assert.rejects(async () => second.deployed(resolved), { code: 'store_unavailable', message: /LANEWAY_FTP_URL/ });
});

async function openTwo(t: TestContext, options: () => { bus: Bus; everyMs: number }) {
  const postgres = await startPostgres();
  t.after(() => postgres.stop());
  return [await openOne(t, postgres, options()), await openOne(t, postgres, options())] as const;
}

async function openOne(t: TestContext, { url }: PostgresServer, options: { bus: Bus; everyMs: number }) {
  const records = await openRecords({ dataFolder: '/tmp', databaseUrl: url });
  const { store } = await openTestStore(t, { records, shared: true, ...options });
  t.after(() => records.close());
  return store;
}
