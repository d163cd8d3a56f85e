import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Slot } from '../../../src/runtime/confinement/slot.js';
import { findSlots, openSlots } from '../../../src/runtime/confinement/slots-folder.js';

const identity = { uid: 1234, gid: 1234 };

function folderIn(t: TestContext, parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'laneway-slot-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function makeVersion(folder: string, folders: number, files: number): void {
  for (let at = 0; at < folders; at += 1) {
    const inner = join(folder, `folder${at}`, 'inner');
    mkdirSync(inner, { recursive: true });
    for (let file = 0; file < files; file += 1) writeFileSync(join(inner, `file${file}`), `${at} ${file}`, { mode: 0o444 });
  }
  writeFileSync(join(folder, 'program'), '#!/bin/sh\n', { mode: 0o555 });
}

test('a small version is in its slot at once, by links, for everybody to read', (t) => {
  const [root, version] = [folderIn(t), folderIn(t)];
  makeVersion(version, 2, 3);
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  const slot = new Slot(root, 'small', identity);
  assert.equal(slot.fill(version), undefined);
  const file = join(slot.folder, 'code/folder1/inner/file2');
  assert.equal(readFileSync(file, 'utf8'), '1 2');
  assert.equal(statSync(file).ino, statSync(join(version, 'folder1/inner/file2')).ino);
  for (const folder of ['', 'code', 'code/folder1/inner', 'etc']) {
    assert.equal(statSync(join(slot.folder, folder)).mode & 0o777, 0o755);
  }
  assert.match(readFileSync(join(slot.folder, 'etc/passwd'), 'utf8'), /^function:x:1234:1234:/m);
});

test('a large version is put there in turns, so that others have theirs', async (t) => {
  const [root, version] = [folderIn(t), folderIn(t)];
  makeVersion(version, 10, 100);
  let turns = 0;
  const others = setInterval(() => (turns += 1), 0);
  t.after(() => clearInterval(others));
  const slot = new Slot(root, 'large', identity);
  const filling = slot.fill(version);
  assert.ok(filling instanceof Promise);
  await filling;
  assert.ok(turns > 0);
  assert.equal(readFileSync(join(slot.folder, 'code/folder9/inner/file99'), 'utf8'), '9 99');
  await slot.remove();
  assert.throws(() => statSync(slot.folder));
  assert.equal(readFileSync(join(version, 'folder9/inner/file99'), 'utf8'), '9 99');
});

test('a version on another file system is copied, read-only and with its execute bits', (t) => {
  const [root, version] = [folderIn(t), folderIn(t, '/dev/shm')];
  makeVersion(version, 1, 1);
  const slot = new Slot(root, 'copied', identity);
  void slot.fill(version);
  const copied = statSync(join(slot.folder, 'code/folder0/inner/file0'));
  assert.notEqual(copied.dev, statSync(version).dev);
  assert.deepEqual([copied.mode & 0o777, statSync(join(slot.folder, 'code/program')).mode & 0o777], [0o444, 0o555]);
});

test('a server finds its slots again, and those in a store that it has left are removed', (t) => {
  const [folder, store, other] = [folderIn(t), folderIn(t), folderIn(t)];
  assert.equal(findSlots(folder), null);
  const first = openSlots(folder, store);
  assert.ok(statSync(new Slot(first, 'left', identity).folder).isDirectory());
  assert.equal(openSlots(folder, store), first);
  const moved = openSlots(folder, other);
  assert.equal(findSlots(folder), moved);
  assert.throws(() => statSync(first));
});
