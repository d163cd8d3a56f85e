import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RunView } from '../../src/contract/api/runs.js';
import { eventually, startApp, type TestApp } from './start-app.js';

/** Fails until it was called `failing` times, told by the lines of a file outside its folder. */
const flaky = `import { appendFileSync, readFileSync } from 'node:fs';
export default ({ file, failing = 0 }, context) => {
  appendFileSync(file, context.attempt + '\\n');
  console.log('attempt', context.attempt);
  const calls = readFileSync(file, 'utf8').split('\\n').length - 1;
  if (calls <= failing) throw new Error('not yet');
  return calls;
};`;

describe('failed attempts', () => {
  let server: TestApp;
  let folder: string;
  let files = 0;
  const newFile = () => join(folder, String((files += 1)));

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'laneway-retries-'));
    server = await startApp();
    await server.push('flaky', { 'index.mjs': flaky, 'laneway.json': '{"isolation":"thread"}' });
    await server.push('stubborn', {
      'index.mjs': flaky,
      'laneway.json': '{"isolation":"thread","retries":{"delays_ms":[1,1]}}',
    });
  });
  after(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(body: object): Promise<RunView> {
    const answer = await server.ask('POST', '/api/v1/runs', { json: { mode: 'queued', ...body } });
    assert.equal(answer.status, 202, await answer.clone().text());
    return (await answer.json()) as RunView;
  }

  async function get(id: string): Promise<RunView> {
    return (await (await server.ask('GET', `/api/v1/runs/${id}`)).json()) as RunView;
  }

  async function untilEnded(id: string): Promise<RunView> {
    return eventually(async () => {
      const run = await get(id);
      return run.ended_at !== null && run;
    });
  }

  async function attemptsIn(file: string): Promise<string[]> {
    return (await readFile(file, 'utf8')).trim().split('\n');
  }

  test('are repeated until one succeeds, each with its number and its log', async () => {
    const file = newFile();
    const payload = { file, failing: 2 };
    const { id } = await start({ function: 'flaky', payload, retries: { attempts: 5, backoff: 'fixed', delay_ms: 1 } });
    const run = await untilEnded(id);
    assert.equal(run.state, 'succeeded');
    assert.deepEqual([run.attempt, run.failures, run.dead_letter], [3, 2, false]);
    assert.deepEqual(await attemptsIn(file), ['1', '2', '3']);
    const log = await (await server.ask('GET', `/api/v1/runs/${id}/log`)).text();
    for (const attempt of [1, 2, 3]) assert.match(log, new RegExp(`attempt ${attempt}\n`));
    const events = await (await server.ask('GET', `/api/v1/runs/${id}/events`)).text();
    assert.equal(events.match(/"retry_in_ms":1/g)?.length, 2);
  });

  test('end the run when none is left: a dead letter, with the reason', async () => {
    const file = newFile();
    const { id } = await start({ function: 'stubborn', payload: { file, failing: 99 } });
    const run = await untilEnded(id);
    assert.deepEqual([run.state, run.reason, run.attempt, run.dead_letter], ['failed', 'function_error', 3, true]);
    assert.match(run.message!, /not yet/);
  });

  test('are final for a reason that is not to be retried', async () => {
    const file = newFile();
    const { id } = await start({
      function: 'flaky',
      payload: { file, failing: 9 },
      retries: { attempts: 9, delay_ms: 1, on: ['timeout'] },
    });
    assert.equal((await untilEnded(id)).attempt, 1);
  });

  test('that would begin after the run expires are not waited for', async () => {
    const file = newFile();
    const retries = { attempts: 3, delay_ms: 3_600_000 };
    const { id } = await start({ function: 'flaky', payload: { file, failing: 9 }, retries, expires_after_ms: 60_000 });
    const run = await untilEnded(id);
    assert.deepEqual([run.state, run.reason, run.dead_letter], ['failed', 'function_error', true]);
  });

  test('that wait can be cancelled', async () => {
    const file = newFile();
    const { id } = await start({
      function: 'flaky',
      payload: { file, failing: 9 },
      retries: { attempts: 3, delay_ms: 3_600_000 },
    });
    await eventually(async () => (await get(id)).failures === 1);
    const waiting = await get(id);
    assert.equal(waiting.state, 'queued');
    assert.ok(Date.parse(waiting.due_at) > Date.now() + 1_000_000);
    assert.equal((await server.ask('POST', `/api/v1/runs/${id}/cancel`)).status, 200);
    assert.equal((await get(id)).state, 'cancelled');
  });

  test('a dead letter is listed, counted, shown with its payload and redriven, once', async () => {
    const file = newFile();
    const { id } = await start({ function: 'stubborn', payload: { file, failing: 3 }, caller_id: 'redriver' });
    await untilEnded(id);
    const list = (await (await server.ask('GET', '/api/v1/dead-letters?function=stubborn&caller_id=redriver')).json()) as {
      runs: RunView[];
    };
    assert.deepEqual(
      list.runs.map((run) => run.id),
      [id],
    );
    const counts = (await (await server.ask('GET', '/api/v1/dead-letters/counts')).json()) as {
      total: number;
      lanes: { function: string; dead_letters: number }[];
    };
    assert.ok(counts.total >= 1 && counts.lanes.some((lane) => lane.function === 'stubborn' && lane.dead_letters >= 1));
    assert.deepEqual(await (await server.ask('GET', `/api/v1/runs/${id}/payload`)).json(), { file, failing: 3 });

    const answer = await server.ask('POST', `/api/v1/dead-letters/${id}/redrive`, { json: {} });
    assert.equal(answer.status, 202);
    const redriven = (await answer.json()) as RunView;
    assert.equal(redriven.redrive_of, id);
    assert.equal(redriven.caller_id, 'redriver');
    assert.equal((await untilEnded(redriven.id)).state, 'succeeded');
    const old = await get(id);
    assert.deepEqual([old.dead_letter, old.redriven_as, old.state], [false, redriven.id, 'failed']);
    const again = await server.ask('POST', `/api/v1/dead-letters/${id}/redrive`, { json: {} });
    assert.equal(again.status, 409);
    assert.match(await again.text(), /not_dead_letter/);
  });

  test('dead letters that fit a filter are redriven and purged together', async () => {
    const started = await Promise.all(
      Array.from({ length: 5 }, () =>
        start({ function: 'stubborn', payload: { file: newFile(), failing: 99 }, caller_id: 'many' }),
      ),
    );
    for (const { id } of started) await untilEnded(id);
    const redriven = await server.ask('POST', '/api/v1/dead-letters/redrive', {
      json: { filter: { function: 'stubborn', caller_id: 'many' }, version: 'current' },
    });
    assert.deepEqual(await redriven.json(), { done: 5, refused: [], more: false });
    await eventually(async () => {
      const page = (await (await server.ask('GET', '/api/v1/dead-letters?caller_id=many')).json()) as { runs: RunView[] };
      return page.runs.length === 5 && page.runs.every((run) => run.redrive_of !== null);
    });
    const purged = await server.ask('POST', '/api/v1/dead-letters/purge', { json: { caller_id: 'many' } });
    assert.deepEqual(await purged.json(), { done: 5, refused: [], more: false });
    const { id } = started[0]!;
    const successor = (await get(id)).redriven_as!;
    assert.equal((await get(successor)).dead_letter, false);
    assert.equal((await server.ask('GET', `/api/v1/runs/${successor}/payload`)).status, 404);
    assert.equal((await server.ask('DELETE', `/api/v1/dead-letters/${successor}`)).status, 409);
  });

  test('what does not fit a queued run or the words for retries is refused', async () => {
    for (const body of [
      { retries: { attempts: 0 } },
      { retries: { on: ['bad luck'] } },
      { retries: { delays_ms: [] } },
      { retries: -1 },
      { delay_ms: 5, run_at: new Date().toISOString() },
      { priority: 1.5 },
      { mode: 'sync', delay_ms: 5 },
      { on_failure: { function: 'x', webhook: 'http://x' } },
    ]) {
      const answer = await server.ask('POST', '/api/v1/runs', { json: { mode: 'queued', function: 'flaky', ...body } });
      assert.equal(answer.status, 400, JSON.stringify(body));
    }
    const push = server.push('wrong', { 'index.mjs': flaky, 'laneway.json': '{"retries":{"attempts":1000}}' });
    await assert.rejects(push, /manifest_invalid/);
  });
});
