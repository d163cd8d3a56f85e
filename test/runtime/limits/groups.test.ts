import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLocalExecutor } from '../../../src/runtime/local-executor.js';
import { findOwnCgroups } from '../../../src/runtime/limits/own-cgroups.js';
import { readProcess } from '../../../src/runtime/process-group.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { until } from '../../until.js';
import { deploy, executorOptions, isAlive, makeExecutor, resultOf, runOnce } from '../support.js';
import { ownGroups, withoutCgroups } from './own-groups.js';

const skip = withoutCgroups;

test('what holds the limits is told', { skip }, (t) => {
  assert.match(makeExecutor(t).stats().resources, /^cgroup v[12] \(memory, pids(, cpu)?\)$/);
});

test('each worker has a group, which goes with it; those of the server go with the server', { skip }, async (t) => {
  const folder = await temporaryFolder(t);
  const executor = createLocalExecutor(executorOptions(folder));
  t.after(() => executor.close(0));
  const workers = () =>
    ownGroups().flatMap((group) => readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory()));
  for (const path of ['greedy/index.mjs', 'greedy/main.py']) {
    await resultOf(executor, deploy(path), { isolation: 'process', payload: { how: 'fine' } });
  }
  assert.ok(ownGroups().length > 0);
  assert.equal(new Set(workers().map(({ name }) => name)).size, 2);
  executor.retire('greedy/index.mjs#undefined');
  await until(() => new Set(workers().map(({ name }) => name)).size === 1);
  await executor.close(0);
  assert.deepEqual(ownGroups(), []);
  assert.deepEqual(readdirSync(`${folder}/groups`), []);
});

test('a worker is in its group before its first instruction, and its children too', { skip }, async (t) => {
  const { groups } = (await resultOf(makeExecutor(t), deploy('greedy/index.mjs'), {
    isolation: 'process',
    payload: { how: 'limits' },
  })) as { groups: string };
  assert.match(groups, /\/laneway-[0-9-]+\/[0-9-]+\.w1$/m);
});

test('groups of a server that was killed are found, with what hides in them', { skip }, async (t) => {
  const folder = await temporaryFolder(t);
  const server = spawn(process.execPath, [fileURLToPath(new URL('server-to-kill.js', import.meta.url)), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => server.kill('SIGKILL'));
  let said = '';
  for await (const line of createInterface({ input: server.stdout })) {
    said = line;
    break;
  }
  const { child, groups } = JSON.parse(said) as { child: number; groups: string[] };
  t.after(() => isAlive(child) && process.kill(child, 'SIGKILL'));
  assert.ok(groups.length > 0 && isAlive(child));
  server.kill('SIGKILL');
  await until(() => !isAlive(server.pid!));
  assert.ok(isAlive(child));
  const next = createLocalExecutor(executorOptions(folder));
  t.after(() => next.close(0));
  assert.ok(!isAlive(child));
  for (const group of groups) assert.throws(() => readdirSync(group), { code: 'ENOENT' });
  await runOnce(next, deploy('greedy/index.mjs'), { isolation: 'process', payload: { how: 'fine' } });
});

test('empty groups of servers that are gone are swept, those of one that lives stay', { skip }, (t) => {
  const { v1, v2 } = findOwnCgroups();
  const own = v1.pids ?? v2!;
  const [dead, alive] = [
    join(own, 'laneway-4194303-1-1'),
    join(own, `laneway-${process.ppid}-${readProcess(process.ppid)!.startTime}-1`),
  ];
  for (const folder of [dead, alive]) mkdirSync(folder);
  t.after(() => rmdirSync(alive));
  makeExecutor(t);
  assert.deepEqual(
    [dead, alive].map((folder) => existsSync(folder)),
    [false, true],
  );
});
