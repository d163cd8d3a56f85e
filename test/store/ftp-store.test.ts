import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { FunctionStore } from '../../src/contract/store.js';
import { startVsftpd, vsftpdMissing, type VsftpdServer } from '../servers/vsftpd.js';
import { helloZip, openTestStore, push, treeOf, until, versionOf } from './open-test-store.js';
import { rawZip } from './raw-zip.js';

const skip = vsftpdMissing() ?? false;
const latest = ['hello', 'latest'] as const;

for (const tls of [undefined, 'explicit', 'implicit'] as const) {
  test(`a push is in the shared store and runs on another server, ${tls ?? 'no'} TLS`, { skip }, async (t) => {
    const ftp = await startFtp(t, tls);
    const first = await openFtpStore(t, ftp);
    const record = await push(first.store, { type: 'dll', pushedBy: 'key1' });
    assert.deepEqual(readFileSync(join(ftp.root, 'hello/latest/1.1.zip')), helloZip);
    assert.deepEqual(readdirSync(join(ftp.root, 'hello/latest')), ['1.1.zip']);
    const json = JSON.parse(readFileSync(join(ftp.root, '.laneway/versions/hello/latest/1.1.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    assert.equal(json['sha256'], record.sha256);
    assert.deepEqual(readdirSync(join(ftp.root, '.laneway/tmp')), []);

    const second = await openFtpStore(t, ftp);
    const resolved = await second.store.resolve(...latest, '');
    assert.equal(resolved.version, '1.1');
    const [deployed, again] = await Promise.all([second.store.deployed(resolved), second.store.deployed({ ...resolved })]);
    assert.equal(deployed.folder, again.folder);
    assert.deepEqual(treeOf(deployed.folder), ['index.mjs']);
    const seen = await second.store.version(...latest, '1.1');
    assert.deepEqual([seen.sha256, seen.type, seen.pushedBy], [record.sha256, 'dll', 'key1']);
    await second.store.check();
  });
}

test('a server whose certificate nobody vouches for is not used', { skip }, async (t) => {
  for (const tls of ['explicit', 'implicit'] as const) {
    const ftp = await startFtp(t, tls);
    const { store } = await openTestStore(t, { ftp: { url: ftp.url, ca: null, connections: 2 } });
    await assert.rejects(push(store), { code: 'store_unavailable', message: /certificate/ });
    const wrongName = await openTestStore(t, {
      ftp: { url: ftp.url.replace('localhost', '127.0.0.1'), ca: ftp.ca, connections: 2 },
    });
    await assert.rejects(wrongName.store.check(), { code: 'store_unavailable', message: /does not match certificate/ });
  }
});

test('two servers that share nothing but the store see what the other pushes, promotes and deletes', { skip }, async (t) => {
  const ftp = await startFtp(t);
  const [first, second] = [await openFtpStore(t, ftp), await openFtpStore(t, ftp)];
  await push(first.store);
  await until(() => isKnown(second.store));
  await push(first.store);
  await until(async () => (await second.store.resolve(...latest, '')).version === '1.2');
  assert.equal(versionOf(await push(second.store)), '1.3');
  await until(async () => (await first.store.resolve(...latest, '')).version === '1.3');
  await second.store.promote('hello', { lane: 'latest', version: '1.1' }, 'production', false, null);
  await until(async () => (await first.store.functions())[0]!.lanes.includes('production'));
  await first.store.deployed({ function: 'hello', lane: 'latest', version: '1.3' });
  await second.store.remove(...latest, '1.3');
  await until(async () => (await first.store.resolve(...latest, '')).version === '1.2');
  await until(() => !existsSync(join(first.folder, 'hello/latest/1.3')));
  assert.equal(versionOf(await push(first.store)), '1.4');
});

test('with the shared store down pushes are refused and versions on disk go on running', { skip }, async (t) => {
  const ftp = await startFtp(t);
  const { store, folder, reopen } = await openFtpStore(t, ftp);
  await push(store);
  const before = treeOf(folder);
  await ftp.kill();
  await assert.rejects(push(store), { code: 'store_unavailable', status: 503 });
  await assert.rejects(push(store, { function: 'other' }), { code: 'store_unavailable' });
  assert.deepEqual(treeOf(folder), before);
  const again = await reopen();
  const resolved = await again.resolve(...latest, '');
  assert.deepEqual(treeOf((await again.deployed(resolved)).folder), ['index.mjs']);
  assert.deepEqual(await again.functions(), [{ name: 'hello', lanes: ['latest'] }]);
  await assert.rejects(async () => again.resolve('unknown', 'latest', ''), { code: 'store_unavailable' });
  await assert.rejects(again.check(), { code: 'store_unavailable' });
  await ftp.restart();
  await until(() =>
    push(again).then(
      () => true,
      () => false,
    ),
  );
  assert.equal((await again.resolve(...latest, '')).version, '1.2');
});

test('a shared store killed in the middle of an upload gives 503 and nothing visible', { skip }, async (t) => {
  const ftp = await startFtp(t);
  const { store, folder } = await openFtpStore(t, ftp);
  await push(store);
  const before = treeOf(folder);
  const zip = rawZip([
    { name: 'index.mjs', data: '' },
    { name: 'noise', data: randomBytes(30 << 20), method: 0 },
  ]);
  const pushing = push(store, { zip });
  const tmp = join(ftp.root, '.laneway/tmp');
  await until(() => readdirSync(tmp).some((name) => statSync(join(tmp, name)).size > 0));
  await ftp.kill();
  await assert.rejects(pushing, { code: 'store_unavailable' });
  assert.deepEqual(treeOf(folder), before);
  assert.deepEqual(readdirSync(join(ftp.root, 'hello/latest')), ['1.1.zip']);
  assert.deepEqual((await store.resolve(...latest, '')).version, '1.1');
  await ftp.restart();
  await until(() => readdirSync(tmp).length === 0);
  await until(() =>
    push(store, { zip }).then(
      () => true,
      () => false,
    ),
  );
  const other = await openFtpStore(t, ftp);
  const { version } = await other.store.resolve(...latest, '');
  assert.equal((await other.store.version(...latest, version)).sizeBytes, zip.length);
});

test('a store of SharpFaas is read as it is', { skip }, async (t) => {
  const ftp = await startFtp(t);
  const place = (path: string, content: Buffer | string = helloZip) => {
    mkdirSync(join(ftp.root, path, '..'), { recursive: true });
    writeFileSync(join(ftp.root, path), content);
  };
  for (const version of ['1.1', '1.9', '1.10', '10.1']) place(`Invoice/latest/${version}.zip`);
  for (const name of ['1.x.zip', '01.12.zip', '3.1.zip.tmp', '4.1.json', 'readme.txt', '-5.1.zip'])
    place(`Invoice/latest/${name}`);
  place('Invoice/latest/2.7/index.mjs', '');
  place('old name!/latest/1.1.zip');
  giveToFtp(ftp);
  const { store } = await openFtpStore(t, ftp);
  assert.equal((await store.resolve('Invoice', 'latest', '')).version, '10.1');
  assert.equal((await store.resolve('Invoice', 'latest', '1')).version, '1.10');
  await assert.rejects(async () => store.resolve('Invoice', 'latest', '2'), { code: 'version_not_found' });
  await assert.rejects(async () => store.resolve('old name!', 'latest', ''), { code: 'function_name_invalid' });
  assert.deepEqual(await store.functions(), [
    { name: 'Invoice', lanes: ['latest'] },
    { name: 'old name!', lanes: [] },
  ]);
  assert.equal((await store.version('Invoice', 'latest', '1.9')).sha256, null);
  const deployed = await store.deployed({ function: 'Invoice', lane: 'latest', version: '1.9' });
  assert.deepEqual(deployed.entry, { runtime: 'node', file: 'index.mjs' });
  assert.match((await store.version('Invoice', 'latest', '1.9')).sha256!, /^[0-9a-f]{64}$/);
  assert.equal(versionOf(await push(store, { function: 'Invoice' })), '10.2');
  assert.equal(versionOf(await push(store, { function: 'Invoice', newMajor: true })), '11.1');
  await assert.rejects(push(store, { function: 'invoice' }), { code: 'function_name_case' });
});

test('a zip that changed, is damaged, hostile or gone in the shared store is told as such', { skip }, async (t) => {
  const ftp = await startFtp(t);
  const { store } = await openFtpStore(t, ftp);
  for (let count = 0; count < 4; count += 1) await push(store);
  const other = await openFtpStore(t, ftp);
  await other.store.resolve(...latest, '');
  const lane = join(ftp.root, 'hello/latest');
  writeFileSync(join(lane, '1.1.zip'), rawZip([{ name: 'index.mjs', data: 'export default () => 2;' }]));
  rmSync(join(ftp.root, '.laneway/versions/hello/latest/1.2.json'));
  writeFileSync(join(lane, '1.2.zip'), rawZip([{ name: '../evil', data: 'x' }]));
  rmSync(join(lane, '1.3.zip'));
  writeFileSync(join(lane, '1.5.zip'), rawZip([{ name: '../evil', data: 'x' }]));
  const problems = { '1.1': /sha256/, '1.2': /sha256/, '1.3': /not in the shared store/, '1.5': /leads out of its folder/ };
  for (const [version, problem] of Object.entries(problems)) {
    const deploying = async () => other.store.deployed(await other.store.resolve(...latest, version));
    await assert.rejects(deploying, { code: 'bad_artifact', message: problem }, version);
  }
  assert.deepEqual(treeOf(other.folder), ['.laneway', '.laneway/tmp']);
});

test('temporaries of dead pushes are swept when they are old', { skip }, async (t) => {
  const ftp = await startFtp(t);
  const tmp = join(ftp.root, '.laneway/tmp');
  mkdirSync(tmp, { recursive: true });
  const [old, fresh] = ['11111111-1111-4111-8111-111111111111.zip', '22222222-2222-4222-8222-222222222222.zip'];
  for (const name of [old, fresh]) writeFileSync(join(tmp, name), 'x');
  utimesSync(join(tmp, old), new Date(Date.now() - 2 * 3_600_000), new Date(Date.now() - 2 * 3_600_000));
  giveToFtp(ftp);
  await openFtpStore(t, ftp);
  await until(() => !existsSync(join(tmp, old)));
  assert.ok(existsSync(join(tmp, fresh)));
});

test('a shared store that was emptied does not delete what is on disk', { skip }, async (t) => {
  const ftp = await startFtp(t);
  const { store, reopen } = await openFtpStore(t, ftp);
  await push(store);
  rmSync(join(ftp.root, 'hello'), { recursive: true });
  const again = await reopen();
  await again.functions();
  assert.equal((await again.resolve(...latest, '')).version, '1.1');
  assert.equal(versionOf(await push(again)), '1.2');
});

test('a server that does not use a lane still learns what another one pushes to it', { skip }, async (t) => {
  const ftp = await startFtp(t);
  const [first, second] = [await openFtpStore(t, ftp), await openFtpStore(t, ftp)];
  await push(first.store);
  const known = async () => (await second.records.versions.ofLane(...latest)).length;
  await until(async () => (await known()) === 1);
  await push(first.store);
  await until(async () => (await known()) === 2);
});

test('a deletion that died before the zip was gone leaves the version', { skip }, async (t) => {
  const ftp = await startFtp(t);
  const { store, reopen } = await openFtpStore(t, ftp);
  for (let count = 0; count < 3; count += 1) await push(store);
  mkdirSync(join(ftp.root, '.laneway/deleted/hello/latest/1.1'), { recursive: true });
  mkdirSync(join(ftp.root, '.laneway/deleted/hello/latest/1.2'), { recursive: true });
  rmSync(join(ftp.root, 'hello/latest/1.2.zip'));
  giveToFtp(ftp);
  const again = await reopen();
  await again.functions();
  await until(async () => (await again.lane(...latest)).versions === 2);
  assert.equal((await again.version(...latest, '1.1')).state, 'ready');
});

test('a number somebody else took without a zip is passed over', { skip }, async (t) => {
  const ftp = await startFtp(t);
  mkdirSync(join(ftp.root, '.laneway/numbers/hello/latest/1.1'), { recursive: true });
  mkdirSync(join(ftp.root, '.laneway/numbers/hello/latest/1.4'), { recursive: true });
  giveToFtp(ftp);
  const { store } = await openFtpStore(t, ftp);
  assert.equal(versionOf(await push(store)), '1.5');
});

async function startFtp(t: TestContext, tls?: 'explicit' | 'implicit'): Promise<VsftpdServer> {
  const ftp = await startVsftpd(tls === undefined ? {} : { tls });
  t.after(() => ftp.stop());
  return ftp;
}

function openFtpStore(t: TestContext, { url, ca }: VsftpdServer) {
  return openTestStore(t, { ftp: { url, ca: ca === '' ? null : ca, connections: 4 } });
}

async function isKnown(store: FunctionStore): Promise<boolean> {
  try {
    return (await store.resolve(...latest, '')).version === '1.1';
  } catch {
    return false;
  }
}

/** What a test put there itself must be writable for the server's user as well. */
function giveToFtp({ root }: VsftpdServer): void {
  chmodSync(root, 0o777);
  for (const path of treeOf(root)) chmodSync(join(root, path), 0o777);
}
