import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deploy, levels, makeExecutor, onEveryWall, processLevels, resultOf, runOnce } from './support.js';

interface Seen {
  env: Record<string, string>;
  started: string[];
  descriptors: string[];
}

process.env['LANEWAY_TEST_OF_THE_SERVER'] = 'must not be seen';

test('a thread sees an empty environment besides what its manifest gives', async (t) => {
  const version = deploy('environment/index.mjs', { env: { GIVEN: '1' } });
  const seen = (await resultOf(makeExecutor(t), version, { isolation: 'thread' })) as Seen;
  assert.deepEqual(seen.env, { GIVEN: '1' });
});

for (const [isolation, file] of onEveryWall([
  ['process', 'index.mjs'],
  ['process', 'main.py'],
])) {
  test(`a process sees a clean environment and no descriptor of the server: ${file} at ${isolation}`, async (t) => {
    const version = deploy(`environment/${file}`, { env: { GIVEN: '1' } });
    const seen = (await resultOf(makeExecutor(t), version, { isolation })) as Seen;
    // Bubblewrap tells its program where it begins.
    const expected = ['GIVEN', 'HOME', 'LANG', 'PATH', ...(isolation === 'confined' ? ['PWD'] : []), 'TMPDIR'];
    assert.deepEqual(Object.keys(seen.env).sort(), expected);
    assert.equal(seen.env['HOME'], seen.env['TMPDIR']);
    const sockets = seen.descriptors.filter((target) => target.startsWith('socket:'));
    // 1 to 4: its output twice, and the two ways of messages.
    assert.ok(sockets.length <= 4, seen.descriptors.join(' '));
    const files = seen.descriptors.filter((target) => target.startsWith('/') && !/^\/(dev\/null|proc\/)/.test(target));
    assert.deepEqual(files, []);
  });
}

for (const isolation of processLevels) {
  test(`an executable sees a clean environment at ${isolation}`, async (t) => {
    const version = deploy('environment/run.sh', { env: { GIVEN: '1' } });
    const { names } = (await resultOf(makeExecutor(t), version, { isolation })) as { names: string };
    assert.deepEqual(
      names.split(' ').filter((name) => !['', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)),
      ['GIVEN', 'HOME', 'LANG', 'PATH', 'TMPDIR', 'TRACEPARENT'],
    );
  });
}

for (const [isolation, path] of onEveryWall([
  ['thread', 'stray/index.mjs'],
  ['process', 'stray/index.mjs'],
  ['process', 'stray/main.py'],
])) {
  test(`what a finished run left behind says nothing in the next run: ${path} at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    const version = deploy(path, { concurrency: 1 });
    assert.equal(await resultOf(executor, version, { isolation, payload: 'leaves' }), 'left');
    const { outcome, ear } = await runOnce(executor, version, { isolation });
    assert.ok(outcome.ok);
    assert.equal(outcome.timings.cold, null);
    assert.deepEqual([ear.text, ear.chunks], ['', []]);
  });
}

for (const isolation of levels) {
  for (const payload of ['leaves exit', 'leaves throw']) {
    test(`a finished run that ${payload} does not break the next one, whose worker then goes, at ${isolation}`, async (t) => {
      const executor = makeExecutor(t);
      const version = deploy('stray/index.mjs', { concurrency: 1 });
      assert.equal(await resultOf(executor, version, { isolation, payload }), 'left');
      const { outcome } = await runOnce(executor, version, { isolation });
      assert.ok(outcome.ok);
      assert.equal(outcome.timings.cold, null);
      const next = await runOnce(executor, version, { isolation });
      assert.equal(next.outcome.timings.cold, 'worker_ended');
    });
  }
}
