import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deploy, makeExecutor, onEveryWall, processLevels, resultOf, runOnce } from './support.js';

for (const [isolation, path, payload] of onEveryWall([
  ['thread', 'faults/index.mjs', 'prints'],
  ['process', 'faults/index.mjs', 'prints'],
  ['process', 'faults/main.py', 'prints'],
  ['thread', 'faults/index.mjs', 'writesRaw'],
  ['process', 'faults/index.mjs', 'writesRaw'],
])) {
  test(`a log beyond its limit is cut once, with a mark: ${payload} of ${path} at ${isolation}`, async (t) => {
    const { outcome, ear } = await runOnce(makeExecutor(t), deploy(path), { isolation, payload });
    assert.ok(outcome.ok);
    const mark = '\n[log cut at 100000 bytes]\n';
    assert.ok(ear.text.endsWith(mark));
    const kept = Buffer.byteLength(ear.text.slice(0, -mark.length));
    assert.ok(kept <= 100_000 && kept > 99_990, String(kept));
    assert.ok(!ear.text.includes('\uFFFD'));
  });
}

for (const isolation of processLevels) {
  test(`an executable's log is cut while its output goes on being its result at ${isolation}`, async (t) => {
    const executor = makeExecutor(t, { limits: { maxLogBytes: 1000 } });
    const payload = 'é'.repeat(200_000);
    const { outcome, ear } = await runOnce(executor, deploy('echo-payload/run.sh'), { isolation, payload });
    assert.ok(outcome.ok);
    assert.equal(JSON.parse(outcome.result!), payload);
    assert.ok(ear.text.endsWith('[log cut at 1000 bytes]\n'));
  });
}

test('a payload and result of megabytes pass at every level', async (t) => {
  const executor = makeExecutor(t, { limits: { maxResultBytes: 20_000_000 } });
  const payload = 'é'.repeat(4_000_000);
  for (const [isolation, path] of onEveryWall([
    ['thread', 'echo-payload/index.mjs'],
    ['process', 'echo-payload/index.mjs'],
    ['process', 'echo-payload/main.py'],
    ['process', 'echo-payload/run.sh'],
  ])) {
    assert.equal(await resultOf(executor, deploy(path), { isolation, payload }), payload);
  }
});
