import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { announceLocally, findLocalServer } from '../../src/client/local-server.js';
import { temporaryFolder } from '../temporary-folder.js';

async function prepare(folder: string, port = 8080) {
  const keyFile = join(folder, 'admin-key');
  await writeFile(keyFile, 'lw_abcdefgh_secret\n', { mode: 0o600 });
  return { url: `http://127.0.0.1:${port}`, port, dataFolder: folder, keyFile };
}

test('what a server announces is found with its key, and gone when it closes', async (t) => {
  const home = await temporaryFolder(t);
  const environment = { HOME: home };
  const server = await prepare(home);
  assert.equal(await findLocalServer(environment), null);
  const close = await announceLocally(server, environment);
  assert.deepEqual(await findLocalServer(environment), { ...server, pid: process.pid, key: 'lw_abcdefgh_secret' });
  await close();
  assert.equal(await findLocalServer(environment), null);
  await close();
});

test('only the user can read it, and the key itself is not in it', async (t) => {
  const home = await temporaryFolder(t);
  const close = await announceLocally(await prepare(home), { HOME: home });
  t.after(close);
  const folder = join(home, '.local/state/laneway/servers');
  assert.deepEqual(await readdir(folder), ['8080.json']);
  assert.equal((await stat(join(folder, '8080.json'))).mode & 0o777, 0o600);
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  assert.ok(!(await readFile(join(folder, '8080.json'), 'utf8')).includes('lw_'));
});

test('XDG_STATE_HOME is used when it is absolute, as its specification says', async (t) => {
  const home = await temporaryFolder(t);
  const state = join(home, 'state');
  const close = await announceLocally(await prepare(home), { HOME: home, XDG_STATE_HOME: state });
  t.after(close);
  assert.deepEqual(await readdir(join(state, 'laneway/servers')), ['8080.json']);
  assert.equal(await findLocalServer({ HOME: home }), null);
  assert.equal(await findLocalServer({ HOME: home, XDG_STATE_HOME: 'state' }), null);
});

test('the server that announced itself last is the one', async (t) => {
  const home = await temporaryFolder(t);
  const environment = { HOME: home };
  const first = await announceLocally(await prepare(home, 1), environment);
  t.after(first);
  await changeFile(home, 1, (file) => ({ ...file, announcedAt: 5 }));
  const second = await announceLocally(await prepare(home, 2), environment);
  assert.equal((await findLocalServer(environment))?.port, 2);
  await second();
  assert.equal((await findLocalServer(environment))?.port, 1);
});

test('what a killed server left behind is ignored and swept away by the next', async (t) => {
  const home = await temporaryFolder(t);
  const environment = { HOME: home };
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  await announceLocally(await prepare(home, 1), environment);
  await changeFile(home, 1, (file) => ({ ...file, pid: child.pid, began: null }));
  assert.equal(await findLocalServer(environment), null);
  t.after(await announceLocally(await prepare(home, 2), environment));
  assert.deepEqual(await readdir(join(home, '.local/state/laneway/servers')), ['2.json']);
});

test(
  'a process that took over the id of a dead server is not taken for it',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const home = await temporaryFolder(t);
    t.after(await announceLocally(await prepare(home), { HOME: home }));
    await changeFile(home, 8080, (file) => ({ ...file, began: '1' }));
    assert.equal(await findLocalServer({ HOME: home }), null);
  },
);

test('closing leaves the file of the server that has the port now', async (t) => {
  const home = await temporaryFolder(t);
  const close = await announceLocally(await prepare(home), { HOME: home });
  await changeFile(home, 8080, (file) => ({ ...file, pid: process.ppid, began: null }));
  await close();
  assert.equal((await findLocalServer({ HOME: home }))?.port, 8080);
});

test('rubbish in the folder and a lost key file do no harm', async (t) => {
  const home = await temporaryFolder(t);
  const folder = join(home, '.local/state/laneway/servers');
  await mkdir(folder, { recursive: true });
  for (const [name, text] of [
    ['a.json', ''],
    ['b.json', 'null'],
    ['c.json', '{"pid":-1,"url":"x"}'],
    ['d.txt', '{}'],
  ] as const) {
    await writeFile(join(folder, name), text);
  }
  const server = { ...(await prepare(home)), keyFile: join(home, 'nowhere') };
  t.after(await announceLocally(server, { HOME: home }));
  assert.deepEqual(await findLocalServer({ HOME: home }), { ...server, pid: process.pid, key: null });
});

async function changeFile(home: string, port: number, change: (file: object) => object): Promise<void> {
  const file = join(home, '.local/state/laneway/servers', `${port}.json`);
  await writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, 'utf8')) as object)));
}
