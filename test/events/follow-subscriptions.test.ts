import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { pino } from 'pino';
import type { FunctionStore } from '../../src/contract/store.js';
import { FollowSubscriptions } from '../../src/events/follow-subscriptions.js';
import { LanewayError } from '../../src/errors.js';
import { openTestBus, openTestStore, push, type TestStore } from '../store/open-test-store.js';
import { rawZip } from '../store/raw-zip.js';

const log = pino({ level: 'silent' });
const wanting = (events: string[]) =>
  rawZip([
    { name: 'index.mjs', data: 'export default () => 1;\n' },
    { name: 'laneway.json', data: JSON.stringify({ events }) },
  ]);

function follow(t: TestContext, { store, records }: Pick<TestStore, 'store' | 'records'>) {
  const following = new FollowSubscriptions({ store, versions: records.versions, log });
  t.after(() => following.close());
  return { following, all: async () => (await following.current()).all().map((s) => `${s.pattern} ${s.lane} ${s.version}`) };
}

test('a push, a rollback, a split and a deletion change who subscribes, at once', async (t) => {
  const opened = await openTestStore(t);
  const { store } = opened;
  const { all } = follow(t, opened);
  assert.deepEqual(await all(), []);
  await push(store, { zip: wanting(['a', 'b*']) });
  assert.deepEqual(await all(), ['a latest 1.1', 'b* latest 1.1']);
  await push(store, { zip: wanting(['c']) });
  assert.deepEqual(await all(), ['c latest 1.2']);
  await store.pin('hello', 'latest', '1.1');
  assert.deepEqual(await all(), ['a latest 1.1', 'b* latest 1.1']);
  await store.split('hello', 'latest', [
    { version: '1.1', weight: 50 },
    { version: '1.2', weight: 50 },
  ]);
  assert.deepEqual(await all(), ['a latest 1.1', 'b* latest 1.1', 'c latest 1.2']);
  await store.unpin('hello', 'latest');
  await store.remove('hello', 'latest', '1.2');
  await store.promote('hello', { lane: 'latest', version: '1.1' }, 'production', false, null);
  assert.deepEqual(await all(), ['a latest 1.1', 'b* latest 1.1', 'a production 1.1', 'b* production 1.1']);
  await push(store, { zip: wanting([]) });
  await store.remove('hello', 'production', '1.1');
  assert.deepEqual(await all(), []);
});

test('what was there at the start is known', async (t) => {
  const opened = await openTestStore(t);
  await push(opened.store, { zip: wanting(['a']) });
  await push(opened.store, { lane: 'other' });
  assert.deepEqual(await follow(t, opened).all(), ['a latest 1.1']);
});

test('what another server pushes is known soon', async (t) => {
  const bus = openTestBus();
  const one = await openTestStore(t, { bus, shared: true });
  const two = await openTestStore(t, { bus, shared: true, records: one.records });
  const { all } = follow(t, { store: two.store, records: one.records });
  assert.deepEqual(await all(), []);
  await push(one.store, { zip: wanting(['a']) });
  while ((await all()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(await all(), ['a latest 1.1']);
});

test('the lanes are read when something of them changes, not for each look', async (t) => {
  const opened = await openTestStore(t);
  const { store } = opened;
  for (let count = 0; count < 20; count += 1) await push(store, { lane: `lane${count}`, zip: wanting(['a']) });
  const reads = t.mock.method(store, 'version');
  const { all } = follow(t, opened);
  assert.equal((await all()).length, 20);
  assert.equal(reads.mock.callCount(), 20);
  for (let count = 0; count < 20; count += 1) await all();
  assert.equal(reads.mock.callCount(), 20);
  await store.pin('hello', 'lane3', '1.1');
  await all();
  assert.equal(reads.mock.callCount(), 20, 'a version never changes');
  await push(store, { lane: 'lane3', zip: wanting(['b']) });
  assert.equal((await all()).length, 20);
});

test('while the records are away nobody is told that there are no subscribers; afterwards all are known', async (t) => {
  const opened = await openTestStore(t);
  const { store } = opened;
  const { following, all } = follow(t, opened);
  await all();
  const version = t.mock.method(store, 'version', () =>
    Promise.reject(new LanewayError('records_unavailable', { problem: 'away' })),
  );
  await push(store, { zip: wanting(['a']) });
  await assert.rejects(following.current(), { code: 'records_unavailable' });
  version.mock.restore();
  assert.deepEqual(await all(), ['a latest 1.1']);
});

test('one lane that can not be read keeps what it wanted, and the others are known', async (t) => {
  const opened = await openTestStore(t);
  const { store } = opened;
  const { all } = follow(t, opened);
  await push(store, { zip: wanting(['a']) });
  await all();
  const lane: FunctionStore['lane'] = store.lane.bind(store);
  const broken = t.mock.method(store, 'lane', (...given: Parameters<typeof lane>) =>
    given[1] === 'latest' ? Promise.reject(new LanewayError('store_unavailable', { problem: 'away' })) : lane(...given),
  );
  await push(store, { zip: wanting(['b']) });
  await push(store, { lane: 'other', zip: wanting(['c']) });
  assert.deepEqual(await all(), ['a latest 1.1', 'c other 1.1']);
  broken.mock.restore();
  assert.deepEqual(await all(), ['b latest 1.2', 'c other 1.1']);
});
