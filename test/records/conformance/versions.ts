import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VersionDetails } from '../../../src/contract/records.js';
import type { RecordsWay } from '../ways.js';

const details: VersionDetails = {
  sha256: 'ab'.repeat(32),
  sizeBytes: 3_000_000_000,
  manifest: { runtime: 'node', env: { A: 'b' } },
  type: 'dll',
  pushedBy: 'someone',
  promotedFrom: { lane: 'dev', version: '1.7' },
};

export function testVersions(way: RecordsWay): void {
  test('immutable-version: 200 pushes at once get 200 numbers', async (t) => {
    const { records, other } = await way.open(t);
    const reserved = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        (index % 2 === 0 ? records : other).versions.reserve('hello', 'latest', index % 20 === 0, null),
      ),
    );
    assert.equal(new Set(reserved.map(({ major, minor }) => `${major}.${minor}`)).size, 200);
    assert.equal((await records.versions.ofLane('hello', 'latest')).length, 200);
  });

  test('numbers follow the highest one, compared as numbers', async (t) => {
    const { records } = await way.open(t);
    const cases: [highest: string | null, next: string, nextMajor: string][] = [
      [null, '1.1', '1.1'],
      ['1.1', '1.2', '2.1'],
      ['1.10', '1.11', '2.1'],
      ['2.7', '2.8', '3.1'],
      ['0.5', '1.1', '1.1'],
    ];
    for (const [index, [highest, next, nextMajor]] of cases.entries()) {
      const [lane, seen] = [`lane${index}`, highest === null ? null : numberOf(highest)];
      assert.deepEqual(await records.versions.reserve('seen', lane, false, seen), numberOf(next), `${highest} seen`);
      assert.deepEqual(await records.versions.reserve('seen-major', lane, true, seen), numberOf(nextMajor), `${highest} seen`);
      if (seen === null) continue;
      await records.versions.adopt([{ function: 'known', lane, ...seen, details: {} }]);
      await records.versions.adopt([{ function: 'known', lane, major: seen.major, minor: 0, details: {} }]);
      assert.deepEqual(await records.versions.reserve('known', lane, false, null), numberOf(next), `${highest} known`);
    }
    assert.deepEqual(await records.versions.reserve('seen', 'lane1', false, { major: 1, minor: 9 }), numberOf('1.10'));
    assert.deepEqual(await records.versions.reserve('seen', 'lane1', false, { major: 1, minor: 3 }), numberOf('1.11'));
  });

  test('deleted and given up numbers are never used again', async (t) => {
    const { records } = await way.open(t);
    const first = await records.versions.reserve('hello', 'latest', false, null);
    await records.versions.ready('hello', 'latest', first, details);
    const second = await records.versions.reserve('hello', 'latest', false, null);
    assert.equal(await records.versions.remove('hello', 'latest', first), true);
    assert.equal(await records.versions.remove('hello', 'latest', second), true);
    assert.equal(await records.versions.remove('hello', 'latest', second), false);
    assert.equal(await records.versions.remove('hello', 'latest', numberOf('7.7')), false);
    assert.deepEqual(await records.versions.reserve('hello', 'latest', false, null), numberOf('1.3'));
    assert.deepEqual(
      (await records.versions.ofLane('hello', 'latest')).map(({ state }) => state),
      ['deleted', 'deleted', 'reserved'],
    );
  });

  test('a version becomes ready with its details, and never changes again', async (t) => {
    const { records } = await way.open(t);
    const version = await records.versions.reserve('hello', 'latest', false, null);
    assert.deepEqual(await records.versions.allReady(), []);
    await records.versions.ready('hello', 'latest', version, details);
    const numbered = { function: 'hello', lane: 'latest', ...version };
    assert.deepEqual(await records.versions.allReady(), [numbered]);
    const [ready] = await records.versions.ofLane('hello', 'latest');
    assert.deepEqual(ready, { ...ready, ...details, ...numbered, state: 'ready' });
    await records.versions.ready('hello', 'latest', version, details);
    await assert.rejects(records.versions.ready('hello', 'latest', version, { ...details, sha256: 'other' }), {
      code: 'version_not_found',
    });
    assert.deepEqual(await records.versions.ofLane('hello', 'latest'), [ready]);
    await records.versions.remove('hello', 'latest', version);
    await assert.rejects(records.versions.ready('hello', 'latest', version, details), { code: 'version_not_found' });
  });

  test('lanes that may want events are those with such a manifest, or one that is not known', async (t) => {
    const { records } = await way.open(t);
    for (const [name, manifest] of Object.entries({ quiet: {}, wanting: { events: ['order.*'] }, warm: { warm: { min: 1 } } })) {
      for (let count = 0; count < 2; count += 1) {
        const version = await records.versions.reserve(name, 'latest', false, null);
        await records.versions.ready(name, 'latest', version, { ...details, manifest });
      }
    }
    await records.versions.adopt([{ function: 'unknown', lane: 'dev', ...numberOf('1.1'), details: {} }]);
    await records.versions.reserve('reserved', 'latest', false, null);
    const lanes = await records.versions.lanesThatMayWantEvents();
    const textOf = (found: { function: string; lane: string }[]) => found.map((one) => `${one.function}/${one.lane}`).sort();
    assert.deepEqual(textOf(lanes), ['unknown/dev', 'wanting/latest']);
    assert.deepEqual(textOf(await records.versions.lanesThatMayBeWarm()), ['unknown/dev', 'warm/latest']);
  });

  test('a name that differs only in case is refused, for functions and for lanes of a function', async (t) => {
    const { records, other } = await way.open(t);
    await records.versions.reserve('Hello', 'Dev', false, null);
    const collision = { code: 'function_name_case' };
    await assert.rejects(other.versions.reserve('hello', 'Dev', false, null), {
      ...collision,
      details: { value: 'hello', existing: 'Hello' },
    });
    await assert.rejects(other.versions.reserve('Hello', 'dev', false, null), {
      ...collision,
      details: { value: 'dev', existing: 'Dev' },
    });
    await records.versions.reserve('other', 'dev', false, null);
    await records.versions.reserve('Hello', 'Dev', false, null);

    const spellings = ['race', 'Race', 'RACE', 'rAce'];
    const settled = await Promise.allSettled(
      spellings.map((name, index) => (index % 2 === 0 ? records : other).versions.reserve(name, 'latest', false, null)),
    );
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  test('versions of an older store are adopted once, and filled in when they are looked at', async (t) => {
    const { records } = await way.open(t);
    const taken = await records.versions.reserve('old', 'latest', false, null);
    const found = Array.from({ length: 1200 }, (_, index) => ({
      function: 'old',
      lane: 'latest',
      major: 1,
      minor: index + 1,
      details: {},
    }));
    await records.versions.adopt([
      ...found,
      { function: 'OLD', lane: 'latest', major: 1, minor: 1, pushedAt: 77, details: { sha256: 'x' } },
    ]);
    await records.versions.adopt(found);
    await records.versions.adopt([]);
    const versions = await records.versions.ofLane('old', 'latest');
    assert.equal(versions.length, 1200);
    assert.equal(versions.find(({ minor }) => minor === taken.minor)?.state, 'reserved');
    assert.deepEqual([versions[1]?.state, versions[1]?.sha256, versions[1]?.manifest], ['ready', null, null]);
    const [other] = await records.versions.ofLane('OLD', 'latest');
    assert.deepEqual([other?.pushedAt, other?.sha256], [77, 'x']);
    await records.versions.ready('old', 'latest', { major: 1, minor: 2 }, details);
    assert.equal((await records.versions.ofLane('old', 'latest'))[1]?.sha256, details.sha256);
  });

  test('changes of versions and lanes are seen by their lane for a while', async (t) => {
    const { records, other } = await way.open(t);
    const version = await records.versions.reserve('hello', 'latest', false, null);
    await records.versions.reserve('hello', 'latest', false, null);
    await records.lanes.set('pinned', 'dev', version, null);
    const changed = await other.versions.changedWithin(60_000);
    assert.deepEqual(
      changed.sort((a, b) => (a.function < b.function ? -1 : 1)),
      [
        { function: 'hello', lane: 'latest' },
        { function: 'pinned', lane: 'dev' },
      ],
    );
    assert.deepEqual(await other.versions.changedWithin(-60_000), []);
  });

  test('a pin takes the place of a split and the other way round', async (t) => {
    const { records } = await way.open(t);
    const pin = { major: 1, minor: 2 };
    const split = [
      { major: 1, minor: 1, weight: 90 },
      { major: 1, minor: 2, weight: 10 },
    ];
    assert.equal(await records.lanes.get('hello', 'latest'), null);
    await records.lanes.set('hello', 'latest', pin, null);
    assert.deepEqual((await records.lanes.get('hello', 'latest'))?.pin, pin);
    await records.lanes.set('hello', 'latest', null, split);
    const lane = (await records.lanes.get('hello', 'latest'))!;
    assert.deepEqual([lane.pin, lane.split], [null, split]);
    assert.deepEqual(await records.lanes.all(), [lane]);
    await records.lanes.set('hello', 'latest', null, null);
    assert.deepEqual(
      (await records.lanes.all()).map(({ pin, split }) => [pin, split]),
      [[null, null]],
    );
  });
}

function numberOf(text: string): { major: number; minor: number } {
  const [major, minor] = text.split('.').map(Number);
  return { major: major!, minor: minor! };
}
