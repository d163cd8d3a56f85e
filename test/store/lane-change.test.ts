import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestBus, openTestStore, push, until } from './open-test-store.js';

test('a push, a pin, a split, a deletion and a promotion are told, each when its lane reads so', async (t) => {
  const { store } = await openTestStore(t);
  const told: Promise<string>[] = [];
  const stop = store.onLaneChange(({ function: name, lane }) =>
    told.push(
      store.lane(name, lane).then(
        ({ current, versions }) => `${name}/${lane} ${current} of ${versions}`,
        () => `${name}/${lane} gone`,
      ),
    ),
  );
  const last = async () => (await Promise.all(told.splice(0))).at(-1);

  await push(store);
  assert.equal(await last(), 'hello/latest 1.1 of 1');
  await push(store);
  assert.equal(await last(), 'hello/latest 1.2 of 2');
  await store.pin('hello', 'latest', '1.1');
  assert.equal(await last(), 'hello/latest 1.1 of 2');
  await store.split('hello', 'latest', [
    { version: '1.1', weight: 50 },
    { version: '1.2', weight: 50 },
  ]);
  assert.equal(await last(), 'hello/latest null of 2');
  await store.unpin('hello', 'latest');
  await store.remove('hello', 'latest', '1.2');
  assert.equal(await last(), 'hello/latest 1.1 of 1');
  await store.promote('hello', { lane: 'latest', version: '1.1' }, 'production', false, null);
  assert.equal(await last(), 'hello/production 1.1 of 1');
  await store.remove('hello', 'production', '1.1');
  assert.equal(await last(), 'hello/production gone');

  stop();
  await push(store);
  assert.deepEqual(told, []);
});

test('what another server does is told here', async (t) => {
  const bus = openTestBus();
  const { store, records } = await openTestStore(t, { bus, shared: true });
  const other = await openTestStore(t, { bus, records, shared: true });
  const told = new Set<string>();
  other.store.onLaneChange(({ function: name, lane }) => told.add(`${name}/${lane}`));
  await push(store);
  await until(() => told.has('hello/latest'));
});
