import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseVersion } from '../../src/store/lane.js';
import { compareVersions, formatVersion, newestOf, parseAsked, parseVersion } from '../../src/store/version.js';

const versionsOf = (...texts: string[]) => new Map(texts.map((text) => [text, parseVersion(text)!]));

test('only major.minor without leading zeros is a version', () => {
  assert.deepEqual(parseVersion('1.10'), { major: 1, minor: 10 });
  for (const text of [
    '',
    '1',
    '01.2',
    '1.02',
    '1.x',
    '-1.2',
    '1.2.3',
    ' 1.2',
    '1.2 ',
    '1e3.1',
    '1234567890.1',
    'latest',
    '１.2',
  ]) {
    assert.equal(parseVersion(text), null, text);
  }
});

test('what is asked for is the current version, a major or an exact version', () => {
  for (const text of ['', '0', '0.0', '00', 'latest']) assert.deepEqual(parseAsked(text), { kind: 'current' }, text);
  for (const text of ['2', '2.0', '02', '2.00']) assert.deepEqual(parseAsked(text), { kind: 'major', major: 2 }, text);
  for (const text of ['2.7', '02.07'])
    assert.deepEqual(parseAsked(text), { kind: 'exact', version: { major: 2, minor: 7 } }, text);
  assert.deepEqual(parseAsked('0.4'), { kind: 'exact', version: { major: 0, minor: 4 } });
  for (const text of ['-1', '1.-2', 'Latest', '1.x', '1.2.3', '1.', '.1', ' 1', '1\n', 'newest', '1e1']) {
    assert.equal(parseAsked(text), null, text);
  }
});

test('versions are compared as numbers', () => {
  assert.ok(compareVersions({ major: 1, minor: 10 }, { major: 1, minor: 9 }) > 0);
  assert.ok(compareVersions({ major: 2, minor: 1 }, { major: 10, minor: 1 }) < 0);
  assert.equal(formatVersion(newestOf(versionsOf('1.9', '1.10', '1.2').values())!), '1.10');
  assert.equal(newestOf([]), null);
});

test('the newest of a major is not confused by majors that begin with the same digit', () => {
  const lane = { versions: versionsOf('1.2', '10.5', '12.1', '1.11'), pin: null, split: null };
  assert.deepEqual(chooseVersion(lane, parseAsked('1')!, 0), { major: 1, minor: 11 });
  assert.deepEqual(chooseVersion(lane, parseAsked('')!, 0), { major: 12, minor: 1 });
  assert.equal(chooseVersion(lane, parseAsked('2')!, 0), null);
  assert.equal(chooseVersion(lane, parseAsked('1.3')!, 0), null);
});

test('the pin comes before the split and the split before the newest', () => {
  const versions = versionsOf('1.1', '1.2', '1.3');
  const split = [
    { major: 1, minor: 1, weight: 25 },
    { major: 1, minor: 2, weight: 75 },
  ];
  const current = (pin: { major: number; minor: number } | null, chance: number) =>
    chooseVersion({ versions, pin, split }, { kind: 'current' }, chance)!.minor;
  assert.equal(current({ major: 1, minor: 3 }, 0), 3);
  assert.deepEqual(
    [0, 0.2499, 0.25, 0.9999].map((chance) => current(null, chance)),
    [1, 1, 2, 2],
  );
});

test('a pin that names a version which is not there gives nothing', () => {
  const lane = { versions: versionsOf('1.1'), pin: { major: 1, minor: 5 }, split: null };
  assert.equal(chooseVersion(lane, { kind: 'current' }, 0), null);
});
