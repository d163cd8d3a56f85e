import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptOf, deploy, Ear, makeExecutor, onEveryWall, resultOf } from './support.js';

const traceparent = `00-${'1f'.repeat(16)}-${'2e'.repeat(8)}-01`;

for (const [isolation, path] of onEveryWall([
  ['thread', 'trace-echo/index.mjs'],
  ['process', 'trace-echo/index.mjs'],
  ['process', 'trace-echo/main.py'],
  ['process', 'trace-echo/run.sh'],
  ['thread', 'trace-echo/fetch.mjs'],
])) {
  test(`${path} at ${isolation} is told where in a trace it is`, async (t) => {
    assert.equal(await resultOf(makeExecutor(t), deploy(path), { isolation, traceparent }), traceparent);
  });
}

test("the trace of a run wins over a variable of the function's own", async (t) => {
  const version = deploy('trace-echo/run.sh', { env: { TRACEPARENT: 'its own' } });
  assert.equal(await resultOf(makeExecutor(t), version, { isolation: 'process', traceparent }), traceparent);
});

const ofTrace = (trace: string) => `00-${trace.repeat(16)}-${'aa'.repeat(8)}-01`;
for (const [what, headers, expected] of [
  [
    'of the same trace',
    [
      ['tracestate', 'a=1'],
      ['traceparent', ofTrace('1f')],
    ],
    { traceparent, tracestate: 'a=1' },
  ],
  [
    'of another trace',
    [
      ['traceparent', ofTrace('3c')],
      ['tracestate', 'a=1'],
    ],
    { traceparent, tracestate: null },
  ],
  [
    'that are none',
    [
      ['traceparent', 'x'],
      ['traceparent', 'y'],
      ['tracestate', 'a=1'],
    ],
    { traceparent, tracestate: null },
  ],
  ['that are absent', [['x-other', '1']], { traceparent, tracestate: null }],
] as const) {
  test(`an exchange carries the attempt's place instead of trace headers ${what}`, async (t) => {
    let text = '';
    const exchange = {
      method: 'GET',
      url: 'http://host.example/headers',
      headers,
      body: null,
      onHead: () => undefined,
      onChunk: async (chunk: Uint8Array) => void (text += Buffer.from(chunk).toString()),
    };
    const attempt = attemptOf(deploy('trace-echo/fetch.mjs'), { traceparent });
    const outcome = await makeExecutor(t).exchange(attempt, exchange, new Ear());
    assert.ok(outcome.ok);
    assert.deepEqual(JSON.parse(text), expected);
  });
}
