import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deploy, makeExecutor, resultOf, runOnce } from '../support.js';
import { noCgroups } from './own-groups.js';

test('10,000 open files end at the limit of one process', async (t) => {
  const executor = makeExecutor(t, { limits: { openFiles: 500 } });
  const result = (await resultOf(executor, deploy('greedy/index.mjs'), { isolation: 'process', payload: { how: 'opens' } })) as {
    code: string;
    files: number;
  };
  assert.equal(result.code, 'EMFILE');
  assert.ok(result.files < 500);
});

test('a process can not write a file larger than allowed', async (t) => {
  const { outcome } = await runOnce(makeExecutor(t), deploy('greedy/index.mjs'), {
    isolation: 'process',
    payload: { how: 'largeFile' },
  });
  assert.ok(!outcome.ok);
  assert.match(outcome.message, /SIGXFSZ|EFBIG/);
});

test('a temporary folder that is filled ends its run, folders inside it included', async (t) => {
  const { outcome } = await runOnce(makeExecutor(t), deploy('greedy/index.mjs'), {
    isolation: 'process',
    payload: { how: 'manyFiles' },
  });
  assert.ok(!outcome.ok);
  assert.deepEqual([outcome.reason, /^\d+ MB of 64 MB in its temporary folder$/.test(outcome.message)], ['function_error', true]);
});

for (const cgroups of [undefined, noCgroups]) {
  test(`each process leaves no core and goes before the server: ${cgroups === undefined ? 'as here' : 'no cgroups'}`, async (t) => {
    const executor = makeExecutor(t, cgroups === undefined ? {} : { cgroups });
    const { limits, oomScore } = (await resultOf(executor, deploy('greedy/index.mjs'), {
      isolation: 'process',
      payload: { how: 'limits' },
    })) as { limits: string; oomScore: number };
    assert.match(limits, /^Max core file size +0 +0 /m);
    assert.match(limits, /^Max open files +1024 +1024 /m);
    assert.match(limits, /^Max file size +67108864 +67108864 /m);
    assert.equal(oomScore, 500);
  });
}
