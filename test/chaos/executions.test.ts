import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { livingWorkers } from './executions.js';

test('a worker that is left behind is found by where it lives, and a stranger with a pid of a worker is none', async (t) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'laneway-test-')));
  t.after(() => rmSync(folder, { recursive: true }));
  const ours = join(folder, 'installation');
  mkdirSync(join(ours, 'data'), { recursive: true });
  const left = spawn('sleep', ['60'], { cwd: join(ours, 'data') });
  const stranger = spawn('sleep', ['60'], { cwd: folder });
  await Promise.all([once(left, 'spawn'), once(stranger, 'spawn')]);
  const executions = [left, stranger].map(({ pid }) => ({ runId: 'a', attempt: 1, what: 'begin' as const, pid: pid!, at: 0 }));
  assert.deepEqual(livingWorkers(executions, ours), [left.pid]);
  for (const child of [left, stranger]) {
    const ended = once(child, 'exit');
    child.kill();
    await ended;
  }
  assert.deepEqual(livingWorkers(executions, ours), []);
});
