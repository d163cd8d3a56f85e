import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CgroupGroup } from '../../../src/runtime/limits/cgroup-group.js';
import { cgroup2Files } from '../../../src/runtime/limits/cgroup-files.js';
import { openResourceGroups } from '../../../src/runtime/limits/open-resource-groups.js';
import { enterServerLeaf } from '../../../src/runtime/limits/server-leaf.js';
import { temporaryFolder } from '../../temporary-folder.js';

// Plain files in place of the kernel's: what is written where, in which order, and what is made of what is read.
async function fakeTree(t: TestContext, controllers: string): Promise<string> {
  const folder = join(await temporaryFolder(t), 'own');
  mkdirSync(folder);
  writeFileSync(join(folder, 'cgroup.controllers'), controllers);
  writeFileSync(join(folder, 'cgroup.subtree_control'), '');
  writeFileSync(join(folder, 'cgroup.procs'), `${process.pid}\n`);
  return folder;
}

const limits = { memoryBytes: 100 * 1024 * 1024, cpus: 0.5, processes: 20 };

test('the controllers are passed down to a parent for the workers, which yields to the server', async (t) => {
  const v2 = await fakeTree(t, 'cpuset cpu io memory pids\n');
  const { groups, folders } = openResourceGroups({ v1: {}, v2 });
  assert.equal(groups.how, 'cgroup2');
  assert.equal(groups.description, 'cgroup v2 (memory, pids, cpu)');
  assert.equal(readFileSync(join(v2, 'cgroup.subtree_control'), 'utf8'), '+memory +pids +cpu');
  assert.equal(folders.length, 1);
  const parent = folders[0]!;
  assert.equal(readFileSync(join(parent, 'cgroup.subtree_control'), 'utf8'), '+memory +pids +cpu');
  assert.equal(readFileSync(join(parent, 'cpu.weight'), 'utf8'), String(100 * availableParallelism()));
});

test('a group gets its limits, and those of its version on top of what its runtime holds', async (t) => {
  const folder = join(await fakeTree(t, ''), 'w1');
  const group = makeGroup(folder);
  assert.deepEqual(group.entrances, [join(folder, 'cgroup.procs')]);
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  assert.deepEqual(
    [read('memory.max'), read('memory.swap.max'), read('memory.oom.group'), read('pids.max'), read('cpu.max')],
    ['104857600', '0', '1', '20', '50000 100000'],
  );
  writeFileSync(join(folder, 'memory.current'), '1000\n');
  writeFileSync(join(folder, 'pids.current'), '7\n');
  group.limit({ ...limits, cpus: null }, 4);
  assert.deepEqual([read('memory.max'), read('pids.max'), read('cpu.max')], ['104858600', '31', 'max 100000']);
  group.add(4711);
  assert.equal(read('cgroup.procs'), '4711');
});

test('what was run into is read from the counters', async (t) => {
  const folder = join(await fakeTree(t, ''), 'w1');
  const group = makeGroup(folder);
  assert.equal(group.exceeded(), null);
  writeFileSync(join(folder, 'memory.events'), 'low 0\nhigh 0\nmax 12\noom 0\noom_kill 0\noom_group_kill 0\n');
  writeFileSync(join(folder, 'pids.events'), 'max 3\n');
  assert.equal(group.exceeded()?.reason, 'too_many_processes');
  writeFileSync(join(folder, 'memory.events'), 'low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 1\n');
  writeFileSync(join(folder, 'memory.peak'), String(100 * 1024 * 1024));
  assert.deepEqual(group.exceeded(), { reason: 'out_of_memory', message: '100 MB of 100 MB' });
});

test('everything in a group is ended by the kernel where it can', async (t) => {
  const folder = join(await fakeTree(t, ''), 'w1');
  const group = makeGroup(folder);
  writeFileSync(join(folder, 'cgroup.kill'), '');
  group.kill();
  assert.equal(readFileSync(join(folder, 'cgroup.kill'), 'utf8'), '1');
});

test('a group that is still busy is handed back to be removed later', async (t) => {
  const folder = join(await fakeTree(t, ''), 'w1');
  const busy: string[] = [];
  const group = makeGroup(folder, busy);
  group.remove();
  assert.deepEqual(busy, [folder]);
  for (const file of readdirSync(folder)) rmSync(join(folder, file));
  group.remove();
  assert.throws(() => readdirSync(folder), { code: 'ENOENT' });
});

test('without its controllers there are only rlimits, and both reasons are told', async (t) => {
  const v2 = await fakeTree(t, 'hugetlb\n');
  const { groups, folders } = openResourceGroups({ v1: {}, v2 });
  assert.equal(groups.how, 'rlimits');
  assert.deepEqual(folders, []);
  assert.match(groups.description, /cgroup v2 gives no memory and pids in .*; cgroup v1 has no memory and pids$/);
});

test('a tree that can not be written is no tree', () => {
  const { groups } = openResourceGroups({ v1: { memory: '/proc/sys', pids: '/proc/sys' }, v2: null });
  assert.equal(groups.how, 'rlimits');
  assert.match(groups.description, /cgroup v1: .*mkdir '\/proc\/sys\/laneway-/);
});

function makeGroup(folder: string, busy: string[] = []): CgroupGroup {
  const folders = { memory: folder, pids: folder, cpu: folder };
  return new CgroupGroup(cgroup2Files, folders, { limits, onBusy: (left) => busy.push(...left) });
}

test('a process that starts servers goes to their place first, and not when others are beside it', async (t) => {
  const v2 = await fakeTree(t, 'memory pids\n');
  enterServerLeaf(v2);
  const leaf = join(v2, 'laneway-server');
  assert.equal(readFileSync(join(leaf, 'cgroup.procs'), 'utf8'), String(process.pid));
  writeFileSync(join(v2, 'cgroup.procs'), '');
  const { groups, folders } = openResourceGroups({ v1: {}, v2: leaf });
  assert.equal(groups.how, 'cgroup2');
  assert.ok(folders[0]!.startsWith(join(v2, 'laneway-')), 'beside the place of the servers');

  const shared = await fakeTree(t, 'memory pids\n');
  writeFileSync(join(shared, 'cgroup.procs'), `1\n${process.pid}\n`);
  enterServerLeaf(shared);
  assert.equal(existsSync(join(shared, 'laneway-server')), false);
});
