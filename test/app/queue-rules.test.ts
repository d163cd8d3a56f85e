import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { RunView } from '../../src/contract/api/runs.js';
import { eventually, startApp, type TestApp } from './start-app.js';

/** Says when it runs, and ends when it is told to. */
const held = `import { existsSync, appendFileSync } from 'node:fs';
export default async (payload, { signal }) => {
  const { until, note, name } = payload ?? {};
  if (note) appendFileSync(note, name + '\\n');
  while (until && !existsSync(until) && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 5));
  return name ?? null;
};`;
const manifest = '{"isolation":"thread","timeout_ms":60000}';

describe('the queue', () => {
  let server: TestApp;
  let flags = 0;

  before(async () => {
    server = await startApp({ LANEWAY_QUEUE_CONCURRENCY: '4', LANEWAY_FUNCTION_CONCURRENCY: '8' });
    for (const name of ['held', 'other', 'capped', 'ordered', 'limited']) {
      await server.push(name, { 'index.mjs': held, 'laneway.json': manifest });
    }
    await server.push('held', { 'index.mjs': held, 'laneway.json': manifest }, 'dev');
  });
  after(() => server.close());

  const newFlag = () => `${server.folder}/flag-${(flags += 1)}`;
  const raise = (flag: string) => writeFile(flag, '');
  const readLines = async (file: string) => (await readFile(file, 'utf8')).trim().split('\n');

  function post(body: object, headers: Record<string, string> = {}): Promise<Response> {
    return server.ask('POST', '/api/v1/runs', { json: { mode: 'queued', ...body }, headers });
  }

  async function start(body: object, headers: Record<string, string> = {}): Promise<RunView> {
    const answer = await post(body, headers);
    assert.equal(answer.status, 202, await answer.clone().text());
    return (await answer.json()) as RunView;
  }

  async function get(id: string): Promise<RunView> {
    return (await (await server.ask('GET', `/api/v1/runs/${id}`)).json()) as RunView;
  }

  function untilState(id: string, state: string): Promise<RunView> {
    return eventually(async () => {
      const run = await get(id);
      if (run.ended_at !== null) assert.equal(run.state, state, run.message ?? '');
      return run.state === state && run;
    });
  }

  async function countRunning(name: string): Promise<number> {
    const page = (await (await server.ask('GET', `/api/v1/runs?function=${name}&state=running&limit=500`)).json()) as {
      runs: RunView[];
    };
    return page.runs.length;
  }

  test('a flooded function leaves a place for another one', async () => {
    const flag = newFlag();
    const flood = await Promise.all(Array.from({ length: 40 }, () => start({ function: 'held', payload: { until: flag } })));
    await eventually(async () => (await countRunning('held')) === 3);
    const { id } = await start({ function: 'other', payload: { name: 'me' } });
    await untilState(id, 'succeeded');
    assert.equal(await countRunning('held'), 3);
    await raise(flag);
    for (const run of flood) await untilState(run.id, 'succeeded');
  });

  test('a full lane refuses with 429 and Retry-After, and takes runs again when there is room', async () => {
    const limits = await server.ask('PUT', '/api/v1/functions/capped/lanes/latest/limits', {
      json: { max_queued: 3, max_running: 1 },
    });
    assert.equal(limits.status, 200);
    const flag = newFlag();
    const accepted = [];
    for (let count = 0; count < 20 && accepted.length < 4; count += 1) {
      accepted.push(await start({ function: 'capped', payload: { until: flag } }));
      await eventually(async () => (await countRunning('capped')) === 1);
    }
    const refused = await post({ function: 'capped' });
    assert.equal(refused.status, 429);
    assert.match(await refused.text(), /queue_full.*capped.*3 runs queued/);
    assert.ok(Number(refused.headers.get('retry-after')) >= 1);
    await raise(flag);
    for (const run of accepted) await untilState(run.id, 'succeeded');
    await start({ function: 'capped' });
    assert.equal((await server.ask('DELETE', '/api/v1/functions/capped/lanes/latest/limits')).status, 204);
    assert.equal((await server.ask('DELETE', '/api/v1/functions/capped/lanes/latest/limits')).status, 404);
  });

  test('no more runs of a function are under way than its limit allows, over all its lanes', async () => {
    assert.equal((await server.ask('PUT', '/api/v1/functions/held/limits', { json: { max_running: 2 } })).status, 200);
    const flag = newFlag();
    const runs = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        start({ function: 'held', lane: index % 2 === 0 ? 'latest' : 'dev', payload: { until: flag } }),
      ),
    );
    await eventually(async () => (await countRunning('held')) === 2);
    const other = await start({ function: 'other' });
    await untilState(other.id, 'succeeded');
    assert.equal(await countRunning('held'), 2);
    await raise(flag);
    for (const run of runs) await untilState(run.id, 'succeeded');
    const view = (await (await server.ask('GET', '/api/v1/functions/held/limits')).json()) as object;
    assert.deepEqual(view, { function: { max_running: 2, max_queued: null, expires_after_ms: null }, lanes: [] });
    assert.equal((await server.ask('DELETE', '/api/v1/functions/held/limits')).status, 204);
  });

  test("a key's limit holds for its queued runs, and another key's go on", async () => {
    const body = { name: 'narrow', scopes: ['run', 'read'], max_concurrent: 1 };
    const made = (await (await server.ask('POST', '/api/v1/keys', { json: body })).json()) as { key: string };
    const narrow = { authorization: `Bearer ${made.key}` };
    const flag = newFlag();
    const first = await start({ function: 'limited', payload: { until: flag } }, narrow);
    const second = await start({ function: 'limited', payload: { until: flag } }, narrow);
    await untilState(first.id, 'running');
    const third = await start({ function: 'limited', payload: { name: 'mine' } });
    await untilState(third.id, 'succeeded');
    assert.equal((await get(second.id)).state, 'queued');
    await raise(flag);
    await untilState(second.id, 'succeeded');
  });

  test('larger priorities go first, and equal ones in the order they came', async () => {
    await server.ask('PUT', '/api/v1/functions/ordered/limits', { json: { max_running: 1 } });
    const flag = newFlag();
    const note = newFlag();
    await start({ function: 'ordered', payload: { until: flag, note, name: 'first' } });
    await eventually(async () => (await countRunning('ordered')) === 1);
    const ids = [];
    for (const [name, priority] of [
      ['a', 0],
      ['b', 5],
      ['c', -5],
      ['d', 5],
      ['e', 0],
    ] as const) {
      ids.push(await start({ function: 'ordered', priority, payload: { note, name } }));
    }
    await raise(flag);
    for (const run of ids) await untilState(run.id, 'succeeded');
    assert.deepEqual(await readLines(note), ['first', 'b', 'd', 'a', 'e', 'c']);
  });

  test('a delayed run waits, one whose time is past does not, and one that is not begun in time expires', async () => {
    const later = await start({ function: 'other', delay_ms: 3_600_000 });
    assert.equal(later.state, 'queued');
    assert.ok(Date.parse(later.due_at) - Date.parse(later.created_at) >= 3_600_000);
    const soon = await start({ function: 'other', delay_ms: 40 });
    const past = await start({ function: 'other', run_at: '2020-01-01T00:00:00Z' });
    await untilState(soon.id, 'succeeded');
    await untilState(past.id, 'succeeded');
    assert.equal((await get(later.id)).state, 'queued');
    assert.equal((await server.ask('POST', `/api/v1/runs/${later.id}/cancel`)).status, 200);
    const never = await start({ function: 'other', delay_ms: 3_600_000, expires_after_ms: 1 });
    assert.equal((await untilState(never.id, 'expired')).dead_letter, true);
  });

  test('open runs that fit a filter are cancelled together, and no others', async () => {
    const flag = newFlag();
    const mine = await Promise.all(
      Array.from({ length: 8 }, () => start({ function: 'held', caller_id: 'tired', payload: { until: flag } })),
    );
    const others = await start({ function: 'held', caller_id: 'awake', payload: { until: flag } });
    const answer = await server.ask('POST', '/api/v1/runs/cancel', { json: { function: 'held', caller_id: 'tired' } });
    assert.deepEqual(await answer.json(), { done: 8, refused: [], more: false });
    for (const run of mine) await untilState(run.id, 'cancelled');
    await raise(flag);
    await untilState(others.id, 'succeeded');
  });

  test('an empty filter is refused: it must not mean all', async () => {
    for (const path of ['/api/v1/runs/cancel', '/api/v1/dead-letters/purge']) {
      assert.equal((await server.ask('POST', path, { json: {} })).status, 400, path);
    }
  });

  test("a key for one function touches that function's runs, and one for several names one", async () => {
    const mine = await start({ function: 'other', delay_ms: 3_600_000, caller_id: 'bulk' });
    const theirs = await start({ function: 'held', delay_ms: 3_600_000, caller_id: 'bulk' });
    const cancelWith = async (functions: string[]) => {
      const body = { name: 'bound', scopes: ['run', 'read'], functions };
      const made = (await (await server.ask('POST', '/api/v1/keys', { json: body })).json()) as { key: string };
      const headers = { authorization: `Bearer ${made.key}` };
      return server.ask('POST', '/api/v1/runs/cancel', { json: { caller_id: 'bulk' }, headers });
    };
    assert.equal((await cancelWith(['other', 'capped'])).status, 400);
    assert.deepEqual(await (await cancelWith(['other'])).json(), { done: 1, refused: [], more: false });
    assert.equal((await get(mine.id)).state, 'cancelled');
    assert.equal((await get(theirs.id)).state, 'queued');
    await server.ask('POST', `/api/v1/runs/${theirs.id}/cancel`);
  });

  test('a DELETE that names a type and has no body is taken', async () => {
    await server.ask('PUT', '/api/v1/functions/other/limits', { json: { max_running: 5 } });
    const headers = { 'content-type': 'application/json' };
    assert.equal((await server.ask('DELETE', '/api/v1/functions/other/limits', { headers })).status, 204);
  });

  describe('idempotency keys', () => {
    const withKey = (key: string) => ({ 'idempotency-key': key });

    test('give the same run for the same request, by header and by field, and 409 for another', async () => {
      const body = { function: 'other', payload: { name: 'once' } };
      const first = await start(body, withKey('order-1'));
      const again = await Promise.all(Array.from({ length: 5 }, () => start(body, withKey('order-1'))));
      const byField = await start({ ...body, idempotency_key: 'order-1' });
      assert.deepEqual(new Set([first, ...again, byField].map(({ id }) => id)), new Set([first.id]));
      const conflict = await post({ ...body, payload: { name: 'twice' } }, withKey('order-1'));
      assert.equal(conflict.status, 409);
      assert.match(await conflict.text(), /idempotency_conflict/);
      assert.notEqual((await start(body, withKey('order-2'))).id, first.id);
    });

    test('of two callers at the same moment start one run', async () => {
      const body = { function: 'other', payload: { name: 'race' } };
      const started = await Promise.all(Array.from({ length: 20 }, () => start(body, withKey('race'))));
      assert.equal(new Set(started.map(({ id }) => id)).size, 1);
    });

    test('are of the key that sends them', async () => {
      const made = (await (
        await server.ask('POST', '/api/v1/keys', { json: { name: 'second', scopes: ['run', 'read'] } })
      ).json()) as { key: string };
      const body = { function: 'other' };
      const ours = await start(body, withKey('same word'));
      const theirs = await start(body, { ...withKey('same word'), authorization: `Bearer ${made.key}` });
      assert.notEqual(ours.id, theirs.id);
    });

    test('make a plain call run once: whoever asks again waits for the same result', async () => {
      const note = newFlag();
      const call = () => server.call('held', { note, name: 'paid' }, withKey('pay-7'));
      const [one, two] = await Promise.all([call(), call()]);
      const three = await call();
      for (const answer of [one, two, three]) {
        assert.equal(answer.status, 200);
        assert.equal(await answer.json(), 'paid');
      }
      assert.equal(one.headers.get('x-run-id'), three.headers.get('x-run-id'));
      assert.deepEqual(await readLines(note), ['paid']);
      assert.equal((await server.call('held', { note, name: 'other' }, withKey('pay-7'))).status, 409);
    });

    test('that are no printable text are refused', async () => {
      const answer = await post({ function: 'other', idempotency_key: 'caf\u00e9' });
      assert.equal(answer.status, 400);
    });
  });

  test('a caller that prefers not to wait gets 202 and a run', async () => {
    const answer = await server.call('other', { name: 'later' }, { prefer: 'respond-async' });
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.get('preference-applied'), 'respond-async');
    const { id } = (await answer.json()) as RunView;
    assert.equal(answer.headers.get('location'), `/api/v1/runs/${id}`);
    await untilState(id, 'succeeded');
  });

  test('a request with a run id and an idempotency key is repeated while its run is under way', async () => {
    const flag = newFlag();
    const body = { function: 'held', payload: { until: flag }, run_id: randomUUID(), idempotency_key: 'with an id' };
    await start(body);
    await untilState(body.run_id, 'running');
    assert.equal((await start(body)).id, body.run_id);
    assert.equal((await post({ ...body, idempotency_key: 'another' })).status, 409);
    await raise(flag);
    await untilState(body.run_id, 'succeeded');
  });

  test('a call with another query is another request under the same idempotency key', async () => {
    const call = (query: string) =>
      server.ask('POST', `/function/other?${query}`, { json: { name: 'me' }, headers: { 'idempotency-key': 'with a query' } });
    const first = await call('colour=red');
    assert.equal(first.status, 200);
    const again = await call('colour=red');
    assert.equal(again.headers.get('x-run-id'), first.headers.get('x-run-id'));
    assert.equal((await call('colour=blue')).status, 409);
  });
});
