import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { deploy, fixtures, makeExecutor, resultOf } from '../support.js';
import { assertCells, needsCells } from './support.js';

interface Sight {
  root: string[];
  etc: string[];
  processes: string[];
  first: string[];
  status: string;
  seen: string[];
  written: string[];
  host: string;
  user: string;
  uid: number;
  networks: string[];
  folder: string;
  tmp: [string, string[]];
  file: string;
}

const isolation = 'confined';

test('a cell holds its own version, the programs of the system, and nothing else of the machine', needsCells, async (t) => {
  assertCells();
  const folder = mkdtempSync(join(tmpdir(), 'laneway-outside-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const paths = [
    folder,
    fixtures,
    process.cwd(),
    '/home',
    '/root',
    '/var',
    '/run',
    '/sys',
    '/boot',
    '/etc/shadow',
    '/etc/ssh',
    homedir(),
  ];
  const writes = [
    '/x',
    '/etc/x',
    '/usr/x',
    '/dev/x',
    '/function/x',
    '/function/code/x',
    '/function/code/look.mjs',
    '/laneway/x',
    '/proc/sys/kernel/hostname',
  ];
  const sight = (await resultOf(makeExecutor(t), deploy('in-a-cell/look.mjs'), {
    isolation,
    payload: { paths, writes },
  })) as Sight;
  assert.deepEqual(sight.seen, []);
  assert.ok(
    sight.written.every((how) => ['EROFS', 'EACCES', 'EPERM'].includes(how)),
    sight.written.join(' '),
  );
  assert.deepEqual(
    sight.root.filter((name) => !/^(bin|sbin|lib.*)$/.test(name)),
    ['dev', 'etc', 'function', 'laneway', 'proc', 'tmp', 'usr', ...(sight.root.includes('work') ? ['work'] : [])].sort(),
  );
  assert.ok(!sight.etc.some((name) => /shadow|ssh|machine-id|sudo|fstab|cron/.test(name)), sight.etc.join(' '));
  assert.deepEqual(sight.processes, ['1', '2']);
  assert.deepEqual(sight.first, ['ENOENT', 'ENOENT', 'ENOENT']);
  assert.equal(sight.host, 'function');
  assert.equal(sight.user, 'function');
  assert.deepEqual([sight.folder, sight.file], ['/function/code', 'file:///function/code/look.mjs']);
  assert.deepEqual(sight.tmp, ['/tmp', []]);
});

test('a worker is an ordinary user that can become nobody else, under a filter', needsCells, async (t) => {
  const { status, uid } = (await resultOf(makeExecutor(t), deploy('in-a-cell/look.mjs'), { isolation, payload: {} })) as Sight;
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)![1];
  assert.notEqual(uid, 0);
  assert.deepEqual(
    [field('Seccomp'), field('NoNewPrivs'), field('CapEff'), field('CapPrm')],
    ['2', '1', '0'.repeat(16), '0'.repeat(16)],
  );
});

test('workers of a server that is root are users of their own, each another one', needsCells, async (t) => {
  const executor = makeExecutor(t);
  const look = async (name: string) =>
    ((await resultOf(executor, { ...deploy('in-a-cell/look.mjs'), key: name }, { isolation, payload: {} })) as Sight).uid;
  const [one, other] = [await look('one'), await look('other')];
  // In a namespace of its own any number stands for the server's user.
  if (process.getuid!() !== 0) return assert.deepEqual([one, other], [1000, 1000]);
  assert.ok(one >= 1_900_000_000 && other >= 1_900_000_000);
  assert.notEqual(one, other);
});

for (const folder of ['/tmp', '/dev/shm']) {
  test(`${folder} of a cell is full at its size`, needsCells, async (t) => {
    const { bytes, code } = (await resultOf(makeExecutor(t), deploy('in-a-cell/fill.mjs'), { isolation, payload: folder })) as {
      bytes: number;
      code: string;
    };
    assert.equal(code, 'ENOSPC');
    assert.ok(bytes > 3_000_000 && bytes <= 4 * 1024 * 1024, String(bytes));
  });
}
