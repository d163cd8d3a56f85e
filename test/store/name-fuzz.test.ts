import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LanewayError } from '../../src/errors.js';
import { openTestStore, push, treeOf, helloZip } from './open-test-store.js';
import { rawZip } from './raw-zip.js';

const pieces = [
  'a',
  'B',
  '0',
  '.',
  '..',
  '/',
  '\\',
  '\0',
  ' ',
  '-',
  '_',
  '~',
  '%2e',
  '\n',
  'é',
  '\u202e',
  'e\u0301',
  ':',
  '*',
  '?',
  '$',
  "'",
  '"',
  '|',
  'CON',
  '.laneway',
];

test('no function or lane name leads out of the store, whatever it is made of', async (t) => {
  const { store, folder } = await openTestStore(t);
  const random = seeded(20_240_607);
  const allowed = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
  for (let round = 0; round < 400; round += 1) {
    const [name, lane] = [randomName(random), randomName(random)];
    const isAllowed = [name, lane].every((word) => allowed.test(word) && !word.includes('..'));
    const pushed = await push(store, { function: name, lane }).then(
      () => true,
      (error: unknown) => refusedByName(error),
    );
    assert.equal(pushed, pushed && isAllowed, JSON.stringify([name, lane]));
    await assert.rejects(async () => store.resolve(`${name}/`, lane, ''), LanewayError);
    await assert.rejects(async () => store.deployed({ function: name, lane: '..', version: '1.1' }), LanewayError);
    await assert.rejects(store.remove(name, lane, `../${round}`), LanewayError);
  }
  for (const path of treeOf(folder)) assert.doesNotMatch(path, /\.\.|^\//);
  assert.deepEqual(
    treeOf(folder).filter((path) => path.startsWith('.')),
    ['.laneway', '.laneway/tmp'],
  );
});

test('no entry name of a zip leads out of the folder of its version', async (t) => {
  const { store, folder } = await openTestStore(t);
  const random = seeded(7);
  for (let round = 0; round < 400; round += 1) {
    const name = randomName(random);
    const zip = rawZip([
      { name: 'index.mjs', data: '' },
      { name, data: 'x', method: 0 },
    ]);
    const number = await push(store, { zip }).then(
      ({ minor }) => minor,
      () => null,
    );
    if (number === null) continue;
    const deployed = await store.deployed({ function: 'hello', lane: 'latest', version: `1.${number}` });
    assert.ok(treeOf(deployed.folder).includes(name.replace(/\/$/, '')), JSON.stringify(name));
  }
  for (const path of treeOf(folder)) assert.match(path, /^(\.laneway|hello)/);
});

test('versions that are not numbers are refused', async (t) => {
  const { store } = await openTestStore(t);
  await push(store, { zip: helloZip });
  for (const asked of ['-1', '1.x', '../1.1', '1.1\0', 'x', '1.1.1', '９', ' 1.1']) {
    await assert.rejects(async () => store.resolve('hello', 'latest', asked), { code: 'version_invalid' }, asked);
  }
});

function refusedByName(error: unknown): false {
  assert.ok(error instanceof LanewayError, String(error));
  assert.ok(['function_name_invalid', 'lane_name_invalid', 'function_name_case'].includes(error.code), error.message);
  return false;
}

function randomName(random: () => number): string {
  return Array.from({ length: 1 + Math.floor(random() * 6) }, () => pieces[Math.floor(random() * pieces.length)]).join('');
}

/** The same numbers in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
