import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptOutcome, HttpExchange } from '../../src/contract/executor.js';
import type { LocalExecutor } from '../../src/runtime/local-executor.js';
import { attemptOf, deploy, Ear, levels, makeExecutor, resultOf, runOnce, until } from './support.js';

const version = deploy('fetch-echo/index.mjs');

interface Ask {
  path: string;
  isolation: (typeof levels)[number];
  method?: string;
  headers?: [string, string][];
  body?: AsyncIterable<Uint8Array> | null;
  onChunk?: (chunk: Uint8Array) => Promise<void>;
}

interface Answer {
  outcome: AttemptOutcome;
  status: number;
  headers: readonly (readonly [string, string])[];
  text: string;
  runId: string;
}

async function ask(executor: LocalExecutor, { path, isolation, ...more }: Ask): Promise<Answer> {
  const attempt = attemptOf(version, { isolation });
  const answer = { status: 0, headers: [] as Answer['headers'], text: '', runId: attempt.runId };
  const exchange: HttpExchange = {
    method: more.method ?? 'GET',
    url: `http://host.example${path}`,
    headers: more.headers ?? [],
    body: more.body ?? null,
    onHead: (status, headers) => Object.assign(answer, { status, headers }),
    onChunk:
      more.onChunk ??
      (async (chunk) => {
        answer.text += Buffer.from(chunk).toString();
      }),
  };
  return { ...answer, outcome: await executor.exchange(attempt, exchange, new Ear()), ...answer };
}

async function* piecesOf(...texts: string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

for (const isolation of levels) {
  test(`a fetch function gets method, path, headers and body and answers all of a response at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    const answer = await ask(executor, {
      isolation,
      path: '/some/path?q=1',
      method: 'PUT',
      headers: [['x-sent', 'yes']],
      body: piecesOf('one ', 'two'),
    });
    assert.deepEqual([answer.outcome.ok, answer.status, answer.text], [true, 201, 'PUT /some/path yes one two']);
  });

  test(`a response without a body has its status and every header at ${isolation}`, async (t) => {
    const answer = await ask(makeExecutor(t), { isolation, path: '/head' });
    assert.deepEqual([answer.status, answer.text], [204, '']);
    assert.deepEqual(
      answer.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value),
      ['a=1', 'b=2'],
    );
    assert.deepEqual(answer.headers.find(([name]) => name === 'x-run')?.[1], answer.runId);
  });

  test(`30 MB pass through in both directions at ${isolation}`, async (t) => {
    const piece = Buffer.alloc(1_000_000, 7);
    async function* large(): AsyncIterable<Uint8Array> {
      for (let i = 0; i < 30; i += 1) yield piece;
    }
    let bytes = 0;
    const onChunk = async (chunk: Uint8Array) => {
      assert.ok(chunk.every((byte) => byte === 7));
      bytes += chunk.length;
    };
    const answer = await ask(makeExecutor(t), { isolation, path: '/stream', method: 'POST', body: large(), onChunk });
    assert.deepEqual([answer.outcome.ok, bytes], [true, 30_000_000]);
  });

  test(`a slow client slows the function down at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    let taken = 0;
    let release: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const running = ask(executor, {
      isolation,
      path: '/many?bytes=20000000',
      onChunk: async (chunk) => {
        taken += chunk.length;
        await blocked;
      },
    });
    await until(() => taken > 0);
    // The worker is well and answers others while it may send no more than its window.
    await resultOf(executor, deploy('echo-payload/index.mjs'), { isolation });
    assert.ok(taken <= 64 * 1024);
    release();
    assert.ok((await running).outcome.ok);
    assert.equal(taken, 20_000_000);
  });

  test(`an upload is taken no faster than the function reads it at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    let given = 0;
    async function* endless(): AsyncIterable<Uint8Array> {
      for (;;) {
        given += 100_000;
        yield Buffer.alloc(100_000);
      }
    }
    const answer = await ask(executor, { isolation, path: '/unread', method: 'POST', body: endless() });
    assert.deepEqual([answer.outcome.ok, answer.text], [true, 'not read']);
    assert.ok(given <= 500_000, String(given));
    const next = await ask(executor, { isolation, path: '/json', method: 'POST', body: piecesOf('{"a":1}') });
    assert.deepEqual(JSON.parse(next.text), { method: 'POST', body: { a: 1 } });
  });

  test(`what breaks in a fetch function is the run's failure at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    async function* broken(): AsyncIterable<Uint8Array> {
      yield Buffer.from('{');
      throw new Error('client went away');
    }
    for (const [path, body, message] of [
      ['/throws', null, /^Error: on purpose$/],
      ['/wrong', null, /fetch must return a Response/],
      ['/breaks', null, /^Error: broke off$/],
      ['/json', broken(), /the request body broke off: client went away/],
    ] as const) {
      const { outcome } = await ask(executor, { isolation, path, body, method: body === null ? 'GET' : 'POST' });
      assert.ok(!outcome.ok);
      assert.equal(outcome.reason, 'function_error');
      assert.match(outcome.message, message);
    }
    assert.equal(executor.stats().coldStarts.worker_ended, 0);
  });

  test(`a client that goes away cancels the run at ${isolation}`, async (t) => {
    const onChunk = () => Promise.reject(new Error('gone'));
    const { outcome } = await ask(makeExecutor(t), { isolation, path: '/many?bytes=20000000', onChunk });
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'cancelled');
  });

  test(`a fetch function that is run without an exchange gets a POST and its answer is the result at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    assert.deepEqual(await resultOf(executor, version, { isolation, url: '/json', payload: [1] }), { method: 'POST', body: [1] });
    assert.equal(await resultOf(executor, version, { isolation, url: '/text', payload: 1 }), 'POST /text null 1');
    const { outcome } = await runOnce(executor, version, { isolation, url: '/many?bytes=2000000', payload: 1 });
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'result_too_large');
  });

  test(`the convention is known after one load, and the first run does not load again at ${isolation}`, async (t) => {
    const executor = makeExecutor(t);
    const counter = deploy('counter/index.mjs');
    const [first, second] = [0, 1].map(() => executor.conventionOf(counter, counter.entry, isolation));
    assert.deepEqual([await first, await second], ['payload', 'payload']);
    assert.equal(executor.conventionOf(counter, counter.entry, isolation), 'payload');
    assert.equal(await executor.conventionOf(version, version.entry, isolation), 'fetch');
    assert.equal((await runOnce(executor, counter, { isolation })).outcome.timings.cold, 'first_call');
    assert.equal((await runOnce(executor, counter, { isolation })).outcome.timings.cold, null);
    assert.equal(executor.stats().coldStarts.first_call, 2);
  });
}

test('a function that does not speak fetch refuses an exchange and keeps its worker', async (t) => {
  const executor = makeExecutor(t);
  const attempt = attemptOf(deploy('echo-payload/index.mjs'));
  const exchange: HttpExchange = {
    method: 'GET',
    url: 'http://host.example/',
    headers: [],
    body: null,
    onHead: () => undefined,
    onChunk: async () => undefined,
  };
  const outcome = await executor.exchange(attempt, exchange, new Ear());
  assert.ok(!outcome.ok);
  assert.equal(outcome.reason, 'bad_artifact');
  assert.equal((await runOnce(executor, attempt.version)).outcome.timings.cold, null);
});

test('a version that does not load has the plain convention', async (t) => {
  const broken = deploy('load-throws/index.mjs');
  assert.equal(await makeExecutor(t).conventionOf(broken, broken.entry, 'thread'), 'payload');
  const python = deploy('echo-payload/main.py');
  assert.equal(makeExecutor(t).conventionOf(python, python.entry, 'process'), 'payload');
});
