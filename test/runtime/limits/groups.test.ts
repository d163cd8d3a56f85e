import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLocalExecutor } from '../../../src/runtime/local-executor.js';
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
