import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findOwnCgroups } from '../../../src/runtime/limits/own-cgroups.js';
import { temporaryFolder } from '../../temporary-folder.js';

async function procWith(t: TestContext, cgroup: string[], mountinfo: string[]): Promise<string> {
  const folder = await temporaryFolder(t);
  writeFileSync(join(folder, 'cgroup'), `${cgroup.join('\n')}\n`);
  writeFileSync(join(folder, 'mountinfo'), `${mountinfo.join('\n')}\n`);
  return folder;
}

test('version 2 alone, as systemd mounts it', async (t) => {
  const proc = await procWith(
    t,
    ['0::/system.slice/laneway.service'],
    ['29 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev - cgroup2 cgroup2 rw,nsdelegate'],
  );
  assert.deepEqual(findOwnCgroups(proc), { v1: {}, v2: '/sys/fs/cgroup/system.slice/laneway.service' });
});

test('version 1, with two controllers in one tree', async (t) => {
  const proc = await procWith(
    t,
    ['4:memory:/a', '3:cpu,cpuacct:/b', '2:pids:/', '1:name=systemd:/x', '0::/'],
    [
      '31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
      '32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct',
      '33 30 0:29 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids',
    ],
  );
  assert.deepEqual(findOwnCgroups(proc), {
    v1: { memory: '/sys/fs/cgroup/memory/a', cpu: '/sys/fs/cgroup/cpu,cpuacct/b', pids: '/sys/fs/cgroup/pids' },
    v2: null,
  });
});

test('a container that sees its own part of the tree, mounted with a blank in its name', async (t) => {
  const proc = await procWith(
    t,
    ['4:memory:/docker/abc/inner', '0::/docker/abc'],
    [
      String.raw`31 30 0:27 /docker/abc /mnt/my\040groups/memory ro - cgroup cgroup rw,memory`,
      '34 30 0:30 /docker/abc /sys/fs/cgroup/unified ro - cgroup2 cgroup rw',
    ],
  );
  assert.deepEqual(findOwnCgroups(proc), { v1: { memory: '/mnt/my groups/memory/inner' }, v2: '/sys/fs/cgroup/unified' });
});

test('a system without cgroups', async (t) => {
  assert.deepEqual(findOwnCgroups(join(await temporaryFolder(t), 'nothing')), { v1: {}, v2: null });
});
