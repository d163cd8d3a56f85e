import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually, startApp, type TestApp } from '../app/start-app.js';

type Run = { id: string; state: string; reason: string | null; attempt: number; timings: object | null };

describe('runs', () => {
  let server: TestApp;
  before(async () => {
    server = await startApp();
    await server.push('echo', { 'index.mjs': 'export default (p) => p' });
    await server.push('talk', {
      'index.mjs': `export default async function* (p, context) {
        for (let i = 1; i <= 5; i++) { console.log('line ' + i); context.progress(i / 5, 'step ' + i); yield i; await new Promise((r) => setTimeout(r, 30)); }
        return 'done';
      }`,
    });
    await server.push('wait', {
      'index.mjs': 'export default () => new Promise((r) => setTimeout(r, 60000))',
      'laneway.json': '{"timeout_ms":60000}',
    });
  });
  after(() => server.close());

  const start = async (body: object) => {
    const answer = await server.ask('POST', '/api/v1/runs', { json: body });
    return { status: answer.status, run: (await answer.json()) as Run & { result?: unknown } };
  };
  const ended = (id: string) =>
    eventually(async () => {
      const run = (await (await server.ask('GET', `/api/v1/runs/${id}`)).json()) as Run;
      return ['queued', 'running'].includes(run.state) ? null : run;
    });

  test('a queued run is accepted with 202 and ends', async () => {
    const { status, run } = await start({ function: 'echo', payload: { a: 1 }, mode: 'queued' });
    assert.equal(status, 202);
    const end = await ended(run.id);
    assert.equal(end.state, 'succeeded');
    assert.equal(end.attempt, 1);
    assert.deepEqual(await (await server.ask('GET', `/api/v1/runs/${run.id}/result`)).json(), { a: 1 });
  });

  test('a sync run is answered with its result', async () => {
    const { status, run } = await start({ function: 'echo', payload: [1, 'two', null] });
    assert.equal(status, 200);
    assert.equal(run.state, 'succeeded');
    assert.deepEqual(run.result, [1, 'two', null]);
  });

  test('a body is JSON and nothing else, and its payload may be any JSON', async () => {
    const post = (body: string, type = 'application/json') =>
      server.ask('POST', '/api/v1/runs', { body, headers: { 'content-type': type } });
    const answer = await post('{"function":"echo","payload":{"__proto__":{"a":1},"constructor":{"prototype":2}}}');
    assert.match(await answer.text(), /"result":\{"__proto__":\{"a":1\},"constructor":\{"prototype":2\}\}/);
    assert.equal((await post('{"function":"echo","__proto__":{"mode":"queued"}}')).status, 400);
    for (const [body, type, status, code] of [
      ['{}', 'text/plain', 415, 'media_type_not_supported'],
      ['', 'application/json', 400, 'body_missing'],
      ['{"a":', 'application/json', 400, 'payload_invalid'],
      [`{"function":"echo","payload":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, 'application/json', 400, 'payload_invalid'],
    ] as const) {
      const refused = await post(body, type);
      assert.equal(refused.status, status);
      assert.equal(((await refused.json()) as { error: { code: string } }).error.code, code);
    }
  });

  test('a queued run can be cancelled while it runs', async () => {
    const { run } = await start({ function: 'wait', mode: 'queued' });
    await eventually(async () => ((await (await server.ask('GET', `/api/v1/runs/${run.id}`)).json()) as Run).state === 'running');
    const answer = await server.ask('POST', `/api/v1/runs/${run.id}/cancel`);
    assert.equal(answer.status, 200);
    assert.equal(((await answer.json()) as Run).state, 'cancelled');
    const again = await server.ask('POST', `/api/v1/runs/${run.id}/cancel`);
    assert.equal(again.status, 409);
  });

  test('a sync run can be cancelled by its own id', async () => {
    const id = '0a1b2c3d-0000-4000-8000-00000000cafe';
    const call = server.call('wait', {}, { 'x-run-id': id.toUpperCase() });
    await eventually(async () => (await server.ask('GET', `/api/v1/runs/${id}`)).status === 200);
    assert.equal((await server.ask('POST', `/api/v1/runs/${id}/cancel`)).status, 200);
    assert.equal((await call).status, 499);
    assert.equal((await ended(id)).state, 'cancelled');
  });

  test('a sync run under way is in no list of a schedule', async () => {
    const id = '0a1b2c3d-0000-4000-8000-00000000beef';
    const call = server.call('wait', {}, { 'x-run-id': id });
    await eventually(async () => (await server.ask('GET', `/api/v1/runs/${id}`)).status === 200);
    const idsOf = async (query: string) => {
      const { runs } = (await (await server.ask('GET', `/api/v1/runs?state=running&${query}`)).json()) as { runs: Run[] };
      return runs.map((run) => run.id);
    };
    assert.ok((await idsOf('function=wait')).includes(id));
    assert.deepEqual(await idsOf('function=wait&schedule_id=0a1b2c3d-0000-8000-8000-000000000001'), []);
    await server.ask('POST', `/api/v1/runs/${id}/cancel`);
    assert.equal((await call).status, 499);
  });

  test('a sync run can be followed by its own id until it has ended', async () => {
    const id = '0a1b2c3d-0000-4000-8000-00000000feed';
    const call = server.call('talk', {}, { 'x-run-id': id });
    await eventually(async () => (await server.ask('GET', `/api/v1/runs/${id}`)).status === 200);
    const text = await (await server.ask('GET', `/api/v1/runs/${id}/events`)).text();
    assert.match(text, /"state":"succeeded"/);
    assert.deepEqual(
      [...text.matchAll(/line (\d)/g)].map((match) => match[1]),
      ['1', '2', '3', '4', '5'],
    );
    assert.equal(await (await call).text(), '"done"');
  });

  test('an id in use is refused', async () => {
    const { run } = await start({ function: 'echo', mode: 'queued' });
    const again = await server.ask('POST', '/api/v1/runs', { json: { function: 'echo', run_id: run.id } });
    assert.equal(again.status, 409);
    assert.equal(((await again.json()) as { error: { code: string } }).error.code, 'run_id_in_use');
  });

  test('events are streamed in order and end with the state', async () => {
    const { run } = await start({ function: 'talk', mode: 'queued' });
    const text = await (await server.ask('GET', `/api/v1/runs/${run.id}/events`)).text();
    const kinds = [...text.matchAll(/^event: (\w+)$/gm)].map((match) => match[1]);
    assert.equal(kinds.filter((kind) => kind === 'log').length, 5);
    assert.equal(kinds.filter((kind) => kind === 'chunk').length, 5);
    assert.equal(kinds.filter((kind) => kind === 'progress').length, 5);
    assert.equal(kinds.at(-1), 'state');
    assert.match(text, /"state":"succeeded"/);
    const ids = [...text.matchAll(/^id: (\d+)\.(\d+)$/gm)].map((match) => Number(match[2]));
    assert.deepEqual(
      ids.slice(0, 15),
      Array.from({ length: 15 }, (_, index) => index + 1),
    );
  });

  test('events resume after Last-Event-ID', async () => {
    const { run } = await start({ function: 'talk', mode: 'queued' });
    await ended(run.id);
    const answer = await server.ask('GET', `/api/v1/runs/${run.id}/events`, { headers: { 'last-event-id': '1.13' } });
    const ids = [...(await answer.text()).matchAll(/^id: (\S+)$/gm)].map((match) => match[1]);
    assert.deepEqual(ids, ['1.14', '1.15', '1.15']);
  });

  test('are listed newest first, filtered and in pages', async () => {
    const made: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      made.push((await start({ function: 'echo', caller_id: 'pages', mode: index % 2 === 0 ? 'sync' : 'queued' })).run.id);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await Promise.all(made.map(ended));
    const seen: string[] = [];
    let cursor = '';
    for (let page = 0; page < 5; page += 1) {
      const answer = await server.ask('GET', `/api/v1/runs?caller_id=pages&limit=2${cursor}`);
      const { runs, next_cursor: next } = (await answer.json()) as { runs: Run[]; next_cursor: string | null };
      seen.push(...runs.map((run) => run.id));
      if (next === null) break;
      cursor = `&cursor=${next}`;
    }
    assert.deepEqual(seen, made.toReversed());
  });

  test('an unknown field, a wrong type and an unknown id are refused by name', async () => {
    for (const [path, json, status, pattern] of [
      ['/api/v1/runs', { function: 'echo', colour: 'red' }, 400, /unknown field "colour"/],
      ['/api/v1/runs', { function: 7.5 }, 400, /not fit|function/],
      ['/api/v1/runs', {}, 400, /function/],
      ['/api/v1/runs', { function: 'echo', mode: 'later' }, 400, /sync, queued/],
      ['/api/v1/runs', { function: 'echo', run_id: 'seven' }, 400, /not a GUID/],
      ['/api/v1/runs', { function: 'echo', mode: 'queued', retries: { jitter: 5 } }, 400, /retries\.jitter must be <= 1/],
      ['/api/v1/runs', { function: 'echo', mode: 'queued', run_at: '2026-12-31T23:59:60Z' }, 400, /run_at must match/],
      ['/api/v1/runs', { function: 'echo', mode: 'queued', run_at: '2030-01-01T00:00:00+02' }, 400, /run_at must match/],
    ] as const) {
      const answer = await server.ask('POST', path, { json });
      assert.equal(answer.status, status);
      assert.match(((await answer.json()) as { error: { message: string } }).error.message, pattern);
    }
    assert.equal((await server.ask('GET', '/api/v1/runs/00000000-0000-0000-0000-000000000000')).status, 404);
  });
});
