import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FailureReason } from '../../src/contract/words.js';
import { deploy, isAlive, levels, makeExecutor, onEveryWall, processLevels, resultOf, runOnce, until } from './support.js';

type Case = [payload: string, reason: FailureReason, message: RegExp, exitCode?: number];

const anywhere: Case[] = [
  ['throws', 'function_error', /^TypeError: on purpose$/],
  ['throwsText', 'function_error', /^thrown: 'just text'$/],
  ['rejects', 'function_error', /^RangeError: later$/],
  ['exits', 'exit_code', /exit code 3 before it returned/, 3],
  ['exitsZero', 'exit_code', /exit code 0 before it returned/, 0],
  ['exitsLater', 'exit_code', /exit code 4/, 4],
  ['throwsInTimer', 'function_error', /^Error: in a timer$/],
  ['unhandled', 'function_error', /^Error: nobody looks$/],
  ['bigInt', 'function_error', /can not be carried by JSON: .*BigInt/],
  ['cycle', 'function_error', /can not be carried by JSON: .*circular/],
  ['aFunction', 'function_error', /can not be carried by JSON: it is a function/],
  ['tooLarge', 'result_too_large', /2000002 bytes, the limit is 1000000/],
  ['heap', 'out_of_memory', /heap reached its limit|MB of 64 MB/],
];
const inProcesses: Case[] = [
  ['killsItself', 'exit_code', /ended by signal SIGSEGV/, 139],
  ['buffers', 'out_of_memory', /^\d+ MB of 64 MB$/],
];
const inPython: Case[] = [
  ['throws', 'function_error', /^TypeError: on purpose$/],
  ['exits', 'exit_code', /exit code 3 before it returned/, 3],
  ['exits_hard', 'exit_code', /exit code 4/, 4],
  ['not_json', 'function_error', /can not be carried by JSON: Object of type set/],
  ['nan', 'function_error', /can not be carried by JSON/],
  ['cycle', 'function_error', /can not be carried by JSON/],
  ['too_large', 'result_too_large', /2000002 bytes, the limit is 1000000/],
  ['kills_itself', 'exit_code', /ended by signal SIGSEGV/, 139],
  ['memory', 'out_of_memory', /^\d+ MB of 64 MB$/],
];

for (const [isolation, path, cases] of onEveryWall([
  ['thread', 'faults/index.mjs', anywhere],
  ['process', 'faults/index.mjs', [...anywhere, ...inProcesses]],
  ['process', 'faults/main.py', inPython],
])) {
  for (const [payload, reason, message, exitCode] of cases) {
    test(`${payload} of ${path} breaks only its own run, as ${reason}, at ${isolation}`, async (t) => {
      const executor = makeExecutor(t);
      const version = deploy(path, { memory_mb: 64, concurrency: 1 });
      const { outcome } = await runOnce(executor, version, { isolation, payload });
      assert.ok(!outcome.ok);
      assert.deepEqual([outcome.reason, outcome.exitCode], [reason, exitCode], outcome.message);
      assert.match(outcome.message, message);
      await resultOf(executor, version, { isolation, payload: 'fine' });
    });
  }
}

for (const isolation of levels) {
  test(`what was said before process.exit is in the log at ${isolation}`, async (t) => {
    const { ear } = await runOnce(makeExecutor(t), deploy('faults/index.mjs'), { isolation, payload: 'exits' });
    assert.equal(ear.text, 'last words\n');
  });

  test(`the stack of an error is in the log at ${isolation}`, async (t) => {
    const { ear } = await runOnce(makeExecutor(t), deploy('faults/index.mjs'), { isolation, payload: 'throws' });
    assert.match(ear.text, /TypeError: on purpose\n\s+at .*index\.mjs/);
  });

  test(`nothing returned is null at ${isolation}`, async (t) => {
    assert.equal(await resultOf(makeExecutor(t), deploy('faults/index.mjs'), { isolation, payload: 'nothing' }), null);
  });

  test(`a worker is used again after an error and never after a fault at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    const version = deploy('counter/index.mjs', { concurrency: 1 });
    assert.equal(await resultOf(executor, version, { isolation }), 1);
    await runOnce(executor, version, { isolation, payload: 'throw' });
    assert.equal(await resultOf(executor, version, { isolation }), 3);
    await runOnce(executor, version, { isolation, payload: 'fault' });
    assert.equal(await resultOf(executor, version, { isolation }), 1);
    assert.equal(executor.stats().coldStarts.worker_ended, 1);
  });
}

for (const isolation of processLevels) {
  test(`the traceback of a python error is in the log at ${isolation}`, async (t) => {
    const { ear } = await runOnce(makeExecutor(t), deploy('faults/main.py'), { isolation, payload: 'throws' });
    assert.match(ear.text, /Traceback[\s\S]*main\.py[\s\S]*TypeError: on purpose/);
  });

  test(`a python function may fork at ${isolation}`, async (t) => {
    const result = await resultOf(makeExecutor(t), deploy('faults/main.py'), { isolation, payload: 'forks' });
    assert.equal(result, "the parent's");
  });
}

for (const [path, payload] of [
  ['faults/index.mjs', 'spawnsAndReturns'],
  ['faults/main.py', 'spawns_and_returns'],
] as const) {
  test(`processes that outlive the run of ${path} end with its worker, which is not used again`, async (t) => {
    const executor = makeExecutor(t);
    const version = deploy(path, { concurrency: 1 });
    const first = (await resultOf(executor, version, { isolation: 'process', payload: 'fine' })) as { pid: number };
    const { child } = (await resultOf(executor, version, { isolation: 'process', payload })) as { child: number };
    await until(() => !isAlive(child));
    const next = (await resultOf(executor, version, { isolation: 'process', payload: 'fine' })) as { pid: number };
    assert.notEqual(next.pid, first.pid);
  });
}

for (const [isolation, path, reason, message, exitCode] of onEveryWall([
  ['process', 'executable-exit/run.sh', 'exit_code', /exit code 3/, 3],
  ['process', 'executable-signal/run.sh', 'exit_code', /ended by signal SIGSEGV/, 139],
  ['process', 'executable-flood/run.sh', 'result_too_large', /larger than the limit of 1000000 bytes/, undefined],
  ['process', 'executable-broken/run.bin', 'function_error', /the executable did not start/, undefined],
])) {
  test(`${path} ends as ${reason} at ${isolation}`, async (t) => {
    const { outcome } = await runOnce(makeExecutor(t), deploy(path), { isolation });
    assert.ok(!outcome.ok);
    assert.deepEqual([outcome.reason, outcome.exitCode], [reason, exitCode], outcome.message);
    assert.match(outcome.message, message);
  });
}
