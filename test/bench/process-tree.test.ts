import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';
import { processTree } from '../../bench/process-tree.js';
import { processorMs } from '../../bench/processor-time.js';
import { residentMb, residentTreeMb } from '../../bench/resident.js';

test('memory and processor time of a process are those of its children too', async (t) => {
  const code = `const until = process.cpuUsage().user + 200_000;
    while (process.cpuUsage().user < until);
    console.log('done');
    setInterval(() => {}, 1000);`;
  const before = processorMs(process.pid);
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  assert.ok(processTree(process.pid).includes(child.pid!));
  assert.ok(processorMs(child.pid!) >= 150);
  assert.ok(processorMs(process.pid) - before >= processorMs(child.pid!) - 10);
  assert.ok(residentTreeMb(process.pid) > residentMb(process.pid) + 10);
});

test('a process that is gone weighs nothing', async () => {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await once(child, 'exit');
  assert.equal(processorMs(child.pid!), 0);
  assert.equal(residentTreeMb(child.pid!), 0);
});
