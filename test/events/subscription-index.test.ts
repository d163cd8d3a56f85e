import assert from 'node:assert/strict';
import { test } from 'node:test';
import { versionFor } from '../../src/events/choose-version.js';
import { type SubscribedLane, SubscriptionIndex } from '../../src/events/subscription-index.js';

function lane(name: string, patterns: string[], more: Partial<SubscribedLane> = {}): SubscribedLane {
  return { function: name, lane: 'latest', isSplit: false, versions: [{ version: '1.1', weight: 1, patterns }], ...more };
}

const split = lane('s', [], {
  isSplit: true,
  versions: [
    { version: '1.1', weight: 75, patterns: ['order.*'] },
    { version: '1.2', weight: 25, patterns: ['order.*', 'invoice.sent'] },
  ],
});

function indexOf(...lanes: SubscribedLane[]): SubscriptionIndex {
  const index = new SubscriptionIndex();
  for (const each of lanes) index.set(each);
  return index;
}
const names = (index: SubscriptionIndex, event: string) =>
  index
    .subscribersOf(event)
    .map((found) => found.function)
    .sort();

test('a name means itself, a star at the end whatever begins so', () => {
  const index = indexOf(
    lane('exact', ['order.paid']),
    lane('prefix', ['order.*']),
    lane('all', ['*']),
    lane('other', ['orders', 'order', 'order.paid.late', 'Order.paid']),
  );
  assert.deepEqual(names(index, 'order.paid'), ['all', 'exact', 'prefix']);
  assert.deepEqual(names(index, 'order.'), ['all', 'prefix']);
  assert.deepEqual(names(index, 'orde'), ['all']);
});

test('a lane is found once, by however many of its patterns', () => {
  assert.deepEqual(names(indexOf(lane('f', ['*', 'o*', 'order', 'order*'])), 'order'), ['f']);
});

test('what a lane wants replaces what it wanted; nothing takes it out', () => {
  const index = indexOf(lane('f', ['a']), lane('g', ['a']));
  index.set(lane('f', ['b']));
  assert.deepEqual(names(index, 'a'), ['g']);
  assert.deepEqual(names(index, 'b'), ['f']);
  index.set(lane('f', []));
  index.set(lane('g', [], { versions: [] }));
  assert.deepEqual([names(index, 'a'), names(index, 'b'), index.all()], [[], [], []]);
});

test('all of them are listed in order', () => {
  assert.deepEqual(indexOf(lane('g', ['b', 'a']), lane('f', ['z'])).all(), [
    { pattern: 'z', function: 'f', lane: 'latest', version: '1.1' },
    { pattern: 'a', function: 'g', lane: 'latest', version: '1.1' },
    { pattern: 'b', function: 'g', lane: 'latest', version: '1.1' },
  ]);
});

test('the current version is asked for as such', () => {
  assert.equal(versionFor(lane('f', ['a']), { id: 'e', name: 'a' }), '');
});

test('of a split, each event has one version by weight, and only one that wants it', () => {
  const of = (name: string) => Array.from({ length: 1000 }, (_, id) => versionFor(split, { id: String(id), name }));
  const orders = of('order.paid');
  assert.deepEqual(orders, of('order.paid'), 'the same again');
  const share = orders.filter((version) => version === '1.1').length / 1000;
  assert.ok(share > 0.65 && share < 0.85, `${share}`);
  assert.deepEqual([...new Set(of('invoice.sent'))], ['1.2']);
});
