import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { noConfinement } from '../../src/runtime/confinement/open-confinement.js';
import { attemptOf, deploy, Ear, fixtures, levels, makeExecutor, processLevels, resultOf, runOnce, until } from './support.js';

const payload = { name: 'héllo ✓', n: [1, 2.5, null] };

for (const isolation of levels) {
  for (const [path, expected] of [
    ['echo-module/index.mjs', { payload, version: '1.1' }],
    ['echo-commonjs/index.cjs', { payload, version: '1.1' }],
    ['module-exports-function/index.cjs', { payload }],
    ['handler-class/index.mjs', { payload, made: 'once', function: 'handler-class' }],
    ['handler-class-commonjs/index.cjs', { payload }],
    ['default-handler-class/index.mjs', { payload }],
    ['python-main/main.py', { payload, version: '1.1' }],
    ['python-main/main_alone.py', payload],
    ['python-handler/main.py', { payload }],
    ['echo-payload/run.sh', payload],
  ] as const) {
    test(`${path} is called with its payload at ${isolation}`, async (t) => {
      const executor = makeExecutor(t);
      const runId = '018f0000-0000-7000-8000-000000000001';
      const result = await resultOf(executor, deploy(path), { isolation, payload, runId });
      const { runId: node, run_id: python, ...rest } = result as Record<string, unknown>;
      assert.deepEqual(rest, expected);
      assert.ok([undefined, runId].includes((node ?? python) as string));
    });
  }

  test(`a handler named in the manifest is called instead of the default at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    assert.deepEqual(await resultOf(executor, deploy('named-handler/index.mjs', {}, 'second'), { isolation, payload: 7 }), {
      second: 7,
    });
    assert.deepEqual(await resultOf(executor, deploy('python-named/main.py', {}, 'other'), { isolation, payload: 7 }), [
      'a module called run',
      'a module called load',
      7,
    ]);
  });

  test(`modules in the zip's own node_modules are found at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    assert.equal(await resultOf(executor, deploy('with-node-modules/index.mjs'), { isolation, payload: 'you' }), 'hello you');
  });

  test(`a module with nothing to call says what was looked for and found at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    for (const [version, pattern] of [
      [deploy('nothing-callable/index.mjs'), /looked for a FunctionHandler class.*found exports answer \(number\)/],
      [deploy('echo-module/index.mjs', {}, 'absent'), /looked for an export `absent`.*found exports default \(function\)/],
      [deploy('echo-module/missing.mjs'), /the entry missing\.mjs is not there/],
      [deploy('python-nothing/main.py'), /looked for a function `main` or a function `handler`; found helper/],
      [deploy('python-nothing/missing.py'), /the entry missing\.py is not there/],
      [deploy('echo-payload/missing.sh'), /the entry missing\.sh can not be run/],
    ] as const) {
      const { outcome } = await runOnce(executor, version, { isolation });
      assert.ok(!outcome.ok);
      assert.equal(outcome.reason, 'bad_artifact');
      assert.match(outcome.message, pattern);
    }
  });

  test(`a module that breaks while loading tells why at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    for (const [path, reason, pattern] of [
      ['load-throws/index.mjs', 'function_error', /index\.mjs does not load: Error: no database/],
      ['load-syntax/index.mjs', 'bad_artifact', /index\.mjs does not load: SyntaxError/],
      ['load-missing-module/index.mjs', 'bad_artifact', /Cannot find package 'not-in-the-zip'/],
      ['load-throws/main.py', 'function_error', /main\.py does not load: RuntimeError: no database/],
      ['load-syntax/main.py', 'bad_artifact', /main\.py does not load: SyntaxError/],
      ['load-missing-module/main.py', 'bad_artifact', /No module named 'not_in_the_zip'/],
    ] as const) {
      const { outcome } = await runOnce(executor, deploy(path), { isolation });
      assert.ok(!outcome.ok);
      assert.equal(outcome.reason, reason, path);
      assert.match(outcome.message, pattern);
    }
  });

  for (const file of ['index.mjs', 'main.py', 'run.sh']) {
    test(`the envelope is the SharpFaas payload object for ${file} at ${isolation}`, async (t) => {
      const executor = makeExecutor(t);
      const version = deploy(`echo-payload/${file}`, { payload: 'envelope' });
      const result = await resultOf(executor, version, {
        isolation,
        text: '{"raw" : 1}',
        runId: '018f0000-0000-7000-8000-000000000002',
        callerId: 'somebody',
        url: '/api/function/RunFunction',
        headers: { 'content-type': 'application/json', 'x-my-own': 'yes', etag: 'e' },
        parameters: { functionName: 'f' },
      });
      assert.deepEqual(result, {
        Url: '/api/function/RunFunction',
        InstanceId: '018f0000-0000-7000-8000-000000000002',
        CallerId: 'somebody',
        Headers: { 'Content-Type': 'application/json', 'X-My-Own': 'yes', ETag: 'e' },
        Parameters: { functionName: 'f' },
        Body: '{"raw" : 1}',
      });
    });
  }

  for (const file of ['index.mjs', 'main.py']) {
    test(`the context carries what the run is about for ${file} at ${isolation}`, async (t) => {
      const executor = makeExecutor(t, {
        secretsFor: (names) => Object.fromEntries(names.map((name) => [name, `value of ${name}`])),
      });
      const version = deploy(`context-echo/${file}`, { env: { PLAIN: 'p' }, secrets: ['TOKEN'], forward_headers: ['X-Wanted'] });
      const result = (await resultOf(executor, version, {
        isolation,
        runId: '018f0000-0000-7000-8000-000000000003',
        callerId: 'me',
        attempt: 2,
        timeoutMs: 20_000,
        headers: { 'x-wanted': '1', 'x-other': '2' },
        parameters: { q: 'v' },
      })) as Record<string, unknown>;
      const { left, ...rest } = result;
      assert.ok((left as number) > 0 && (left as number) <= 20_000);
      assert.deepEqual(rest, {
        runId: '018f0000-0000-7000-8000-000000000003',
        callerId: 'me',
        function: 'context-echo',
        lane: 'latest',
        version: '1.1',
        attempt: 2,
        env: { PLAIN: 'p', TOKEN: 'value of TOKEN' },
        headers: { 'x-wanted': '1' },
        parameters: { q: 'v' },
        aborted: false,
      });
    });

    test(`no payload is null and a payload that is no JSON is the function's error for ${file} at ${isolation}`, async (t) => {
      const executor = makeExecutor(t);
      const version = deploy(`echo-payload/${file}`);
      assert.equal(await resultOf(executor, version, { isolation }), null);
      const { outcome } = await runOnce(executor, version, { isolation, text: '{"a":' });
      assert.ok(!outcome.ok);
      assert.equal(outcome.reason, 'function_error');
      assert.match(outcome.message, /the payload is not JSON/);
    });
  }
}

for (const isolation of processLevels) {
  test(`an executable gets its payload on stdin and as argument, and its text becomes a JSON string at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    const { outcome, ear } = await runOnce(executor, deploy('executable-shell/run.sh'), {
      isolation,
      payload: { a: 1 },
    });
    assert.ok(outcome.ok);
    assert.deepEqual(JSON.parse(outcome.result!), { argument: { a: 1 }, stdin: { a: 1 } });
    assert.deepEqual(
      ear.logs.filter(([stream]) => stream === 'stderr'),
      [['stderr', 'to stderr\n']],
    );
    assert.equal(await resultOf(executor, deploy('executable-text/run.sh'), { isolation }), 'hello\n');
    assert.equal(executor.stats().coldStarts.fresh, 2);
  });

  test(`a payload too long for an argument comes on stdin alone at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    const payload = 'x'.repeat(300_000);
    assert.deepEqual(await resultOf(executor, deploy('executable-size/run.sh'), { isolation, payload }), {
      argument: '-',
      bytes: 300_002,
    });
  });
}

test('an executable without its execute bit is given it, and works in its own folder with a private one for temporary files', async (t) => {
  const executor = makeExecutor(t);
  const folder = mkdtempSync(join(tmpdir(), 'laneway-exec-'));
  t.after(() => rmSync(folder, { recursive: true }));
  cpSync(join(fixtures, 'executable-where/run.sh'), join(folder, 'run.sh'));
  chmodSync(join(folder, 'run.sh'), 0o644);
  const result = (await resultOf(executor, { ...deploy('executable-where/run.sh'), folder }, { isolation: 'process' })) as {
    cwd: string;
    tmp: string;
    home: string;
  };
  assert.equal(result.cwd, folder);
  assert.equal(result.home, result.tmp);
  assert.notEqual(result.tmp, folder);
  await until(() => !existsSync(result.tmp));
});

test('a level that is not there is refused, never weakened', async (t) => {
  const executor = makeExecutor(t, { confinement: noConfinement });
  for (const isolation of ['confined', 'sandbox'] as const) {
    await assert.rejects(executor.execute(attemptOf(deploy('echo-payload/index.mjs'), { isolation }), new Ear()), {
      code: 'isolation_unavailable',
    });
  }
});

for (const isolation of processLevels) {
  test(`a python that is not there ends the run as no_executor at ${isolation}`, async (t) => {
    const executor = makeExecutor(t, { python: '/nowhere/python3' });
    const { outcome } = await runOnce(executor, deploy('echo-payload/main.py'), { isolation });
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'no_executor');
    assert.match(outcome.message, /there is no \/nowhere\/python3/);
  });
}

test('the streams of a thread can be called as Node calls its own', async (t) => {
  const executor = makeExecutor(t);
  const seen = (await resultOf(executor, deploy('streams-of-thread/index.mjs'), { isolation: 'thread' })) as Record<
    string,
    string[]
  >;
  assert.ok(seen['wanted']!.length > 0);
  for (const name of seen['wanted']!) {
    assert.ok(seen['stdout']!.includes(name), name);
    assert.ok(seen['stderr']!.includes(name), name);
  }
});
