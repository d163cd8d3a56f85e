import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptOf, deploy, Ear, levels, makeExecutor, runOnce } from './support.js';

for (const isolation of levels) {
  for (const path of ['generator/index.mjs', 'python-generator/main.py']) {
    test(`each yielded value of ${path} is a chunk, in order with log and progress, at ${isolation}`, async (t) => {
      const { outcome, ear } = await runOnce(makeExecutor(t), deploy(path), { isolation });
      assert.ok(outcome.ok);
      assert.deepEqual(ear.order, ['log began\n', 'chunk {"n":1}', 'progress 0.5', 'chunk "two"']);
      assert.equal(outcome.result, '[{"n":1},"two"]');
    });

    test(`what the generator of ${path} returns is the result at ${isolation}`, async (t) => {
      const { outcome, ear } = await runOnce(makeExecutor(t), deploy(path), { isolation, payload: { returns: true } });
      assert.ok(outcome.ok);
      assert.equal(ear.chunks.length, 2);
      assert.equal(outcome.result, '"the end"');
    });
  }

  for (const [path, handler] of [
    ['async-generator/index.mjs', undefined],
    ['python-generator/main.py', 'later'],
  ] as const) {
    test(`an asynchronous generator streams, bytes as text: ${path} at ${isolation}`, async (t) => {
      const { outcome, ear } = await runOnce(makeExecutor(t), deploy(path, {}, handler), { isolation });
      assert.ok(outcome.ok);
      assert.deepEqual(ear.chunks, ['1', '"bytes"']);
    });
  }

  test(`a returned async iterable streams at ${isolation}`, async (t) => {
    const { outcome, ear } = await runOnce(makeExecutor(t), deploy('returned-iterable/index.mjs'), { isolation });
    assert.ok(outcome.ok);
    assert.deepEqual(ear.chunks, ['"a"', '"b"']);
    assert.equal(outcome.result, '["a","b"]');
  });

  for (const [path, handler] of [
    ['context-write/index.mjs', undefined],
    ['python-generator/main.py', 'written'],
  ] as const) {
    test(`context.write streams and log and progress are told, taken off the context: ${path} at ${isolation}`, async (t) => {
      const { outcome, ear } = await runOnce(makeExecutor(t), deploy(path, {}, handler), { isolation });
      assert.ok(outcome.ok);
      assert.equal(outcome.result, '"written"');
      assert.deepEqual(ear.chunks, ['{"a":1}']);
      assert.deepEqual(ear.logs, [['info', 'said this\n']]);
      assert.deepEqual(ear.progresses, [[1, 'done']]);
    });
  }

  test(`a stream beyond its limit is cut with a mark, and its values are left out of the result, at ${isolation}`, async (t) => {
    const executor = makeExecutor(t, { limits: { maxLogBytes: 12, maxResultBytes: 10 } });
    const { outcome, ear } = await runOnce(executor, deploy('generator/index.mjs'), { isolation });
    assert.ok(outcome.ok);
    assert.equal(outcome.result, 'null');
    assert.deepEqual(ear.chunks, ['{"n":1}']);
    assert.ok(ear.text.includes('[stream cut at 12 bytes]'));
  });
}

/** Is busy with something else when the first chunk comes, until the worker has ended. */
class BusyEar extends Ear {
  override chunk(data: string): void {
    if (this.chunks.length === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    super.chunk(data);
  }
}

for (const isolation of levels)
  test(`what a run streamed before it ended its worker arrives, at ${isolation}`, async (t) => {
    const version = deploy('streams-and-exits/index.mjs');
    const ear = new BusyEar();
    const outcome = await makeExecutor(t).execute(attemptOf(version, { isolation, payload: { count: 5000 } }), ear);
    assert.equal(!outcome.ok && outcome.reason, 'exit_code');
    assert.equal(ear.chunks.length, 5000);
  });
