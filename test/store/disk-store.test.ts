import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { newRun } from '../records/sample-runs.js';
import { helloZip, openTestStore, push, treeOf, versionOf } from './open-test-store.js';

const latest = ['hello', 'latest'] as const;

test('versions count as SharpFaas counted them', async (t) => {
  const table: [existing: string[], next: string, nextMajor: string][] = [
    [[], '1.1', '1.1'],
    [['1.1'], '1.2', '2.1'],
    [['1.9', '1.10'], '1.11', '2.1'],
    [['2.7'], '2.8', '3.1'],
    [['0.5'], '1.1', '1.1'],
  ];
  const { store, folder, reopen } = await openTestStore(t);
  const template = await push(store, { function: 'template' });
  const source = join(folder, 'template', 'latest', versionOf(template));
  for (const [row, [existing]] of table.entries()) {
    for (const newMajor of [false, true]) {
      for (const version of existing) copyVersion(source, join(folder, `row${row}-${newMajor}`, 'latest', version));
    }
  }
  const opened = await reopen();
  for (const [row, [existing, next, nextMajor]] of table.entries()) {
    assert.equal(versionOf(await push(opened, { function: `row${row}-false` })), next, existing.join());
    assert.equal(versionOf(await push(opened, { function: `row${row}-true`, newMajor: true })), nextMajor, existing.join());
  }
});

test('a pushed version is on disk as the documents say, and is what was pushed', async (t) => {
  const { store, folder } = await openTestStore(t);
  const record = await push(store, { pushedBy: 'key1', type: 'dll' });
  assert.equal(versionOf(record), '1.1');
  assert.deepEqual(treeOf(join(folder, 'hello/latest/1.1')), ['artifact.json', 'artifact.zip', 'files', 'files/index.mjs']);
  assert.deepEqual(treeOf(join(folder, '.laneway/tmp')), []);
  const json = JSON.parse(readFileSync(join(folder, 'hello/latest/1.1/artifact.json'), 'utf8')) as Record<string, unknown>;
  assert.equal(json['sha256'], record.sha256);
  assert.equal(json['pushed_by'], 'key1');
  const { stream, sizeBytes, sha256 } = await store.artifact(...latest, '1.1');
  assert.deepEqual(await buffer(stream), helloZip);
  assert.deepEqual([sizeBytes, sha256], [helloZip.length, record.sha256]);
});

test('resolving a known lane needs no promise and gives the same object again', async (t) => {
  const { store } = await openTestStore(t);
  await push(store);
  await push(store, { newMajor: true });
  const first = store.resolve(...latest, '');
  assert.ok(!(first instanceof Promise));
  assert.equal(store.resolve(...latest, 'latest'), first);
  assert.deepEqual(first, { function: 'hello', lane: 'latest', version: '2.1' });
  assert.deepEqual(store.resolve(...latest, '1'), { function: 'hello', lane: 'latest', version: '1.1' });
  const deployed = await store.deployed(first);
  assert.equal(store.deployed(first), deployed);
  assert.equal(store.deployed({ ...first }), deployed);
  assert.equal(deployed.key, 'hello/latest/2.1');
});

test('what is not there is refused by its kind', async (t) => {
  const { store } = await openTestStore(t);
  await push(store);
  await assert.rejects(async () => store.resolve('nobody', 'latest', ''), { code: 'function_not_found' });
  await assert.rejects(async () => store.resolve('hello', 'dev', ''), { code: 'lane_not_found' });
  await assert.rejects(async () => store.resolve(...latest, '3'), { code: 'version_not_found' });
  await assert.rejects(async () => store.resolve(...latest, '1.2'), { code: 'version_not_found' });
  await assert.rejects(async () => store.resolve(...latest, '0.4'), { code: 'version_not_found' });
  await assert.rejects(store.version(...latest, '1.7'), { code: 'version_not_found' });
  await assert.rejects(store.artifact(...latest, '7'), { code: 'version_invalid' });
  await assert.rejects(store.lanes('nobody'), { code: 'function_not_found' });
});

test('names that differ only in case from a known one are refused', async (t) => {
  const { store } = await openTestStore(t);
  await push(store);
  await assert.rejects(push(store, { function: 'Hello' }), { code: 'function_name_case' });
  await assert.rejects(push(store, { lane: 'LATEST' }), { code: 'function_name_case' });
});

test('everything is known again after a restart, also with records that were lost', async (t) => {
  const { store, reopen } = await openTestStore(t);
  await push(store);
  await push(store, { lane: 'dev' });
  const again = await reopen();
  assert.deepEqual(await again.functions(), [{ name: 'hello', lanes: ['dev', 'latest'] }]);
  const other = await openTestStore(t);
  copyVersion(
    (await again.deployed({ function: 'hello', lane: 'dev', version: '1.1' })).folder.replace(/\/files$/, ''),
    join(other.folder, 'hello/dev/1.4'),
  );
  const adopted = await other.reopen();
  assert.deepEqual(adopted.resolve('hello', 'dev', ''), { function: 'hello', lane: 'dev', version: '1.4' });
  assert.equal((await adopted.version('hello', 'dev', '1.4')).sha256, (await again.version('hello', 'dev', '1.1')).sha256);
  assert.equal(versionOf(await push(adopted, { lane: 'dev' })), '1.5');
});

test('a version that a killed push left complete is made ready, a workspace it left is removed', async (t) => {
  const { store, records, folder, reopen } = await openTestStore(t);
  await push(store);
  const reserved = await records.versions.reserve(...latest, false, null);
  copyVersion(join(folder, 'hello/latest/1.1'), join(folder, `hello/latest/1.${reserved.minor}`));
  mkdirSync(join(folder, '.laneway/tmp/1-1.dead/files'), { recursive: true });
  const again = await reopen();
  assert.equal((await again.lane(...latest)).current, '1.2');
  assert.deepEqual(treeOf(join(folder, '.laneway/tmp')), []);
});

test('an aborted upload leaves nothing behind and its number is free', async (t) => {
  const { store, folder } = await openTestStore(t);
  const before = treeOf(folder);
  const zip = new Readable({ read() {} });
  const pushing = push(store, { zip });
  zip.push(helloZip.subarray(0, 50));
  setImmediate(() => zip.destroy());
  await assert.rejects(pushing, { code: 'upload_truncated' });
  assert.deepEqual(treeOf(folder), before);
  const cut = Object.assign(Readable.from([helloZip]), { truncated: true });
  await assert.rejects(push(store, { zip: cut }), { code: 'zip_too_large' });
  assert.deepEqual(treeOf(folder), before);
  assert.equal(versionOf(await push(store)), '1.1');
});

test('a refused name destroys the upload', async (t) => {
  const { store } = await openTestStore(t);
  const zip = new Readable({ read() {} });
  await assert.rejects(push(store, { zip, function: '../x' }), { code: 'function_name_invalid' });
  assert.ok(zip.destroyed);
});

test('a pin, then a split, then nothing decides the current version', async (t) => {
  const { store, reopen } = await openTestStore(t);
  await push(store);
  await push(store);
  assert.equal((await store.pin(...latest, '1.1')).current, '1.1');
  assert.deepEqual(store.resolve(...latest, ''), { function: 'hello', lane: 'latest', version: '1.1' });
  const parts = [
    { version: '1.1', weight: 50 },
    { version: '1.2', weight: 50 },
  ];
  assert.equal((await store.split(...latest, parts)).current, null);
  const seen = new Set<string>();
  while (seen.size < 2) seen.add((await store.resolve(...latest, '')).version);
  const again = await reopen();
  assert.equal((await again.lane(...latest)).split?.length, 2);
  assert.equal((await again.unpin(...latest)).current, '1.2');
  await assert.rejects(again.pin(...latest, '1.9'), { code: 'version_not_found' });
});

test('a split that does not add up is refused', async (t) => {
  const { store } = await openTestStore(t);
  await push(store);
  await push(store);
  const splits: [version: string, weight: number][][] = [
    [['1.1', 100]],
    [
      ['1.1', 50],
      ['1.2', 40],
    ],
    [
      ['1.1', 50],
      ['1.1', 50],
    ],
    [
      ['1.1', 0],
      ['1.2', 100],
    ],
    [
      ['1.1', 50.5],
      ['1.2', 49.5],
    ],
  ];
  for (const split of splits) {
    const parts = split.map(([version, weight]) => ({ version, weight }));
    await assert.rejects(store.split(...latest, parts), { code: 'split_invalid' }, JSON.stringify(split));
  }
  await assert.rejects(
    store.split(...latest, [
      { version: '1.1', weight: 50 },
      { version: '1.7', weight: 50 },
    ]),
    { code: 'version_not_found' },
  );
});

test('a promoted version is a new one of its lane that remembers where it came from', async (t) => {
  const { store, folder } = await openTestStore(t);
  await push(store, { lane: 'dev' });
  await push(store, { lane: 'dev' });
  const promoted = await store.promote('hello', { lane: 'dev', version: '1.2' }, 'production', false, 'key1');
  assert.equal(versionOf(promoted), '1.1');
  assert.deepEqual(promoted.promotedFrom, { lane: 'dev', version: '1.2' });
  assert.equal(promoted.sha256, (await store.version('hello', 'dev', '1.2')).sha256);
  const inode = (lane: string, version: string) => statSync(join(folder, 'hello', lane, version, 'files/index.mjs')).ino;
  assert.equal(inode('production', '1.1'), inode('dev', '1.2'));
  await store.remove('hello', 'dev', '1.2');
  assert.ok(
    existsSync(join((await store.deployed({ function: 'hello', lane: 'production', version: '1.1' })).folder, 'index.mjs')),
  );
  await assert.rejects(store.promote('hello', { lane: 'dev', version: '1.2' }, 'production', false, null), {
    code: 'version_not_found',
  });
});

test('a version in use is not deleted, and a deleted number is never given again', async (t) => {
  const { store, records, folder, reopen } = await openTestStore(t);
  await push(store);
  await push(store);
  await store.pin(...latest, '1.1');
  await assert.rejects(store.remove(...latest, '1.1'), { code: 'version_in_use', message: /pin/ });
  await store.split(...latest, [
    { version: '1.1', weight: 1 },
    { version: '1.2', weight: 99 },
  ]);
  await assert.rejects(store.remove(...latest, '1.2'), { code: 'version_in_use', message: /split/ });
  await store.unpin(...latest);
  await records.runs.accept(queuedRun('1.2'));
  await assert.rejects(store.remove(...latest, '1.2'), { code: 'version_in_use', message: /1 unfinished run/ });
  await records.runs.requestCancel('0190a0a0-0000-7000-8000-000000000001');
  await store.remove(...latest, '1.2');
  assert.ok(!existsSync(join(folder, 'hello/latest/1.2')));
  assert.equal((await store.lane(...latest)).current, '1.1');
  await store.remove(...latest, '1.1');
  await assert.rejects(async () => store.resolve(...latest, ''), { code: 'function_not_found' });
  assert.ok(!existsSync(join(folder, 'hello')));
  assert.equal(versionOf(await push(await reopen())), '1.3');
});

test('a deletion that was cut off is finished at the next start', async (t) => {
  const { store, records, folder, reopen } = await openTestStore(t);
  await push(store);
  await push(store);
  await records.versions.remove(...latest, { major: 1, minor: 2 });
  const again = await reopen();
  assert.equal((await again.lane(...latest)).current, '1.1');
  assert.ok(!existsSync(join(folder, 'hello/latest/1.2')));
});

test('a damaged artifact.json is told as such', async (t) => {
  const { store, folder, reopen } = await openTestStore(t);
  await push(store);
  const path = join(folder, 'hello/latest/1.1/artifact.json');
  writeFileSync(path, '{', { mode: 0o644, flag: 'w' });
  const again = await reopen();
  await assert.rejects(async () => again.deployed({ function: 'hello', lane: 'latest', version: '1.1' }), {
    code: 'bad_artifact',
  });
});

test('lists are sorted and versions come newest first', async (t) => {
  const { store } = await openTestStore(t);
  await push(store, { function: 'b' });
  await push(store, { function: 'a', lane: 'z' });
  for (let count = 0; count < 11; count += 1) await push(store, { function: 'a', lane: 'dev' });
  assert.deepEqual(await store.functions(), [
    { name: 'a', lanes: ['dev', 'z'] },
    { name: 'b', lanes: ['latest'] },
  ]);
  assert.deepEqual((await store.versions('a', 'dev')).map(versionOf).slice(0, 3), ['1.11', '1.10', '1.9']);
  assert.deepEqual(
    (await store.lanes('a')).map(({ lane, versions }) => [lane, versions]),
    [
      ['dev', 11],
      ['z', 1],
    ],
  );
});

function copyVersion(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const path of treeOf(from)) {
    const source = join(from, path);
    if (statSync(source).isDirectory()) mkdirSync(join(to, path));
    else writeFileSync(join(to, path), readFileSync(source));
  }
}

function queuedRun(version: string) {
  return newRun({ id: '0190a0a0-0000-7000-8000-000000000001', version, versionAsked: version });
}
