import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LanewayError } from '../../src/errors.js';
import { readManifest } from '../../src/store/manifest.js';

const limits = { maxMemoryMb: 2048, maxProcesses: 500, maxCpu: 4 };

test('a zip without a manifest has an empty one', async () => {
  assert.deepEqual(await readManifest(null, limits), {});
});

test('every field this server has is taken as it is', async () => {
  const manifest = {
    runtime: 'node',
    entry: 'src/main.mjs',
    handler: 'run',
    isolation: 'process',
    timeout_ms: 1000,
    memory_mb: 128,
    cpu: 0.5,
    max_processes: 32,
    env: { A_B: 'c' },
    secrets: ['KEY'],
    concurrency: 2,
    fresh: true,
    payload: 'envelope',
    forward_headers: ['x-a'],
    events: ['order.paid', 'invoice:*', '*'],
    retries: 3,
    schedule: ['0 9 * * 1', { name: 'often', every_ms: 5000, payload: [1], catch_up: 'all' }],
  };
  assert.deepEqual(await readManifest(`\uFEFF${JSON.stringify(manifest)}`, limits), manifest);
});

test('a manifest that breaks a rule is refused, naming the field', async () => {
  const cases: [text: string, problem: RegExp][] = [
    ['{', /JSON/],
    ['[]', /object/],
    ['{"runtme":"node"}', /runtme.*allowed are runtime/],
    ['{"runtime":"ruby"}', /runtime must be one of node, python, executable/],
    ['{"timeout_ms":"5"}', /timeout_ms/],
    ['{"cpu":0}', /cpu/],
    ['{"max_processes":0.5}', /max_processes/],
    ['{"entry":"../x.js"}', /entry/],
    ['{"entry":"/x.js"}', /entry/],
    ['{"entry":"a\\\\b.js"}', /entry/],
    ['{"env":{"1A":"x"}}', /env can not have 1A/],
    ['{"secrets":["a","a"]}', /secrets/],
    ['{"events":"order.paid"}', /events must be array/],
    ['{"events":["order.*.paid"]}', /events\/0/],
    ['{"events":["a","a"]}', /events/],
    [JSON.stringify({ events: Array.from({ length: 33 }, (_, index) => `e${index}`) }), /events/],
    ['{"schedule":5}', /schedule/],
    ['{"schedule":{"cron":"* * * * *","crn":1}}', /schedule/],
    ['{"schedule":{"every_ms":10}}', /schedule/],
    ['{"schedule":{"cron":"* * * * *","overlap":"never"}}', /schedule/],
    ['{"schedule":[{"every_ms":10}]}', /schedule\/0\/every_ms must be >= 1000/],
    ['{"retries":{"delays_ms":[]}}', /retries\/delays_ms must/],
    ['{"retries":{"atempts":3}}', /retries can not have atempts/],
    ['{"on_failure":{"webhook":"ftp://x"}}', /on_failure\/webhook must match/],
    ['{"on_failure":{"webhook":"https://x/","secert":"A"}}', /on_failure can not have secert/],
    ['{"__proto__":{"runtime":"node"}}', /__proto__/],
  ];
  for (const [text, problem] of cases) {
    await assert.rejects(readManifest(text, limits), (error) => isRefusal(error, 'manifest_invalid', problem), text);
  }
});

test('a network rule goes with the level that keeps it, and with the strongest there is', async () => {
  for (const text of [
    '{"network":"none"}',
    '{"network":"outbound","isolation":"process"}',
    '{"network":"none","isolation":"confined"}',
    '{"network":"none","isolation":"auto"}',
  ]) {
    assert.deepEqual(await readManifest(text, limits), JSON.parse(text));
  }
});

test('a field that needs a part which is not here is refused, saying what to do', async () => {
  const cases: [text: string, problem: RegExp][] = [
    ['{"isolation":"sandbox"}', /isolation "sandbox".*confined/],
    ['{"network":"none","isolation":"process"}', /network "none".*confined/],
    ['{"network":"none","isolation":"thread"}', /network "none".*confined/],
    ['{"memory_mb":4096}', /at most 2048/],
    ['{"cpu":4.5}', /cpu 4.5.*at most 4 is allowed \(LANEWAY_MAX_CPU\)/],
    ['{"max_processes":501}', /max_processes 501.*at most 500/],
    ['{"cpu":1,"isolation":"thread"}', /cpu with isolation "thread".*use "process"/],
    ['{"max_processes":3,"isolation":"thread"}', /max_processes with isolation "thread"/],
  ];
  for (const [text, problem] of cases) {
    await assert.rejects(readManifest(text, limits), (error) => isRefusal(error, 'manifest_unsupported', problem), text);
  }
});

function isRefusal(error: unknown, code: string, problem: RegExp): boolean {
  assert.ok(error instanceof LanewayError);
  assert.equal(error.code, code);
  assert.match(error.message, problem);
  return true;
}
