import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApp, type TestApp } from '../app/start-app.js';
import { codeOf, echo, ScheduleServer } from './schedule-server.js';

describe('schedules over HTTP', () => {
  let server: TestApp;
  let schedules: ScheduleServer;

  before(async () => {
    server = await startApp();
    schedules = new ScheduleServer(server);
    await server.push('echo', echo);
    await server.push('echo', echo, 'dev');
    await server.push('other', echo);
  });
  after(() => server.close());

  const keyOf = async (wish: object) => {
    const answer = await server.ask('POST', '/api/v1/keys', { json: { name: 'k', ...wish } });
    return ((await answer.json()) as { key: string }).key;
  };
  const statusFor = async (key: string, method: string, path: string, json?: unknown) => {
    const headers = { authorization: `Bearer ${key}` };
    return (await server.ask(method, `/api/v1/schedules${path}`, json === undefined ? { headers } : { json, headers })).status;
  };

  test('one is made, shown as it is understood with its next five ticks, changed and removed', async () => {
    const made = await schedules.make({
      function: 'echo',
      name: 'nightly',
      cron: '30  2 * * *',
      time_zone: 'Europe/Berlin',
      payload: { full: true },
      on_failure: { function: 'other' },
    });
    assert.equal(made.cron, '30 2 * * *');
    assert.deepEqual([made.overlap, made.catch_up, made.origin, made.key_id], ['skip', 'last', 'api', 'testadmin']);
    assert.deepEqual([made.payload, made.on_failure], [{ full: true }, { function: 'other', lane: 'latest' }]);
    assert.match(made.understood_as, /minute 30, hour 2, every day.*Europe\/Berlin.*once/);
    assert.equal(made.next.length, 5);
    assert.equal(made.next[0], made.next_at);
    assert.deepEqual(await schedules.get(made.id), made);
    assert.equal((await schedules.list('?function=echo&lane=latest')).length, 1);
    assert.equal((await schedules.list('?lane=dev')).length, 0);

    const body = await schedules.change(made.id, { every_ms: 3_600_000, overlap: 'queue' });
    assert.deepEqual(
      [body.name, body.cron, body.every_ms, body.overlap, body.payload],
      ['nightly', null, 3_600_000, 'queue', null],
    );
    assert.match(body.understood_as, /^every 1 hour, counted from/);
    const [first, second] = body.next.map((at) => Date.parse(at));
    assert.equal(second! - first!, 3_600_000);

    assert.equal((await schedules.ask('DELETE', `/${made.id}`)).status, 204);
    assert.equal((await schedules.ask('GET', `/${made.id}`)).status, 404);
    assert.deepEqual(await schedules.list(), []);
  });

  test('what can not be scheduled is refused', async () => {
    const wrong: [object, number, string][] = [
      [{ function: 'echo' }, 400, 'schedule_invalid'],
      [{ function: 'echo', cron: '* * * *' }, 400, 'schedule_invalid'],
      [{ function: 'echo', cron: '* * * * *', time_zone: 'Mars/Olympus' }, 400, 'schedule_invalid'],
      [{ function: 'echo', cron: '* * * * *', every_ms: 5000 }, 400, 'schedule_invalid'],
      [{ function: 'echo', every_ms: 999 }, 400, 'validation_failed'],
      [{ function: 'echo', at: '2020-01-01T00:00:00Z' }, 400, 'schedule_invalid'],
      [{ function: 'echo', at: 'tomorrow' }, 400, 'validation_failed'],
      [{ function: 'echo', cron: '* * * * *', name: 'a b' }, 400, 'validation_failed'],
      [{ function: 'echo', cron: '* * * * *', surprise: 1 }, 400, 'validation_failed'],
      [{ function: 'echo', cron: '* * * * *', payload: 'x'.repeat(70_000) }, 400, 'schedule_invalid'],
      [{ function: 'echo', cron: '* * * * *', payload: 'x'.repeat(700_000) }, 413, 'body_too_large'],
      [{ function: 'nobody', cron: '* * * * *' }, 404, 'function_not_found'],
      [{ function: 'echo', lane: 'none', cron: '* * * * *' }, 404, 'lane_not_found'],
      [{ function: 'echo', version: '9.9', cron: '* * * * *' }, 404, 'version_not_found'],
    ];
    for (const [wish, status, code] of wrong) {
      const { status: answered, body } = await schedules.ask('POST', '', wish);
      assert.deepEqual([answered, codeOf(body)], [status, code], JSON.stringify(wish).slice(0, 100));
    }
    assert.deepEqual(await schedules.list(), []);
  });

  test('a name is taken once in a lane; one that is given none has one', async () => {
    const one = await schedules.make({ function: 'echo', name: 'same', cron: '0 0 1 1 *' });
    const again = await schedules.ask('POST', '', { function: 'echo', name: 'same', cron: '0 0 1 1 *' });
    assert.deepEqual([again.status, codeOf(again.body)], [409, 'schedule_exists']);
    const dev = await schedules.make({ function: 'echo', lane: 'dev', name: 'same', cron: '0 0 1 1 *' });
    const nameless = await schedules.make({ function: 'echo', cron: '0 0 1 1 *' });
    assert.match(nameless.name, /^schedule-/);
    const renamed = await schedules.ask('PUT', `/${nameless.id}`, { name: 'same', cron: '0 0 1 1 *' });
    assert.equal(renamed.status, 409);
    for (const { id } of [one, dev, nameless]) await schedules.remove(id);
  });

  test('an extra run starts at once, with the payload of the schedule, and changes no tick', async () => {
    const made = await schedules.make({ function: 'echo', cron: '0 0 1 1 *', payload: [1, 2] });
    const run = await schedules.runNow(made.id);
    assert.deepEqual([run.source, run.mode], ['schedule', 'queued']);
    assert.deepEqual(await schedules.result(run.id), [1, 2]);
    const plain = await schedules.make({ function: 'echo', name: 'plain', cron: '0 0 1 1 *' });
    const second = await schedules.runNow(plain.id);
    const result = (await schedules.result(second.id)) as { schedule: string; tick: string };
    assert.equal(result.schedule, 'plain');
    assert.ok(Math.abs(Date.parse(result.tick) - Date.now()) < 600_000);
    const after = await schedules.get(made.id);
    assert.deepEqual([after.fired, after.last_run_id, after.next_at], [0, null, made.next_at]);
    for (const { id } of [made, plain]) await schedules.remove(id);
  });

  test('a key makes, sees and changes schedules of its own functions only', async () => {
    const mine = await keyOf({ scopes: ['run', 'read'], functions: ['echo'] });
    const made = await schedules.make({ function: 'other', cron: '0 0 1 1 *' });
    assert.equal(await statusFor(mine, 'POST', '', { function: 'other', cron: '0 0 1 1 *' }), 403);
    const tellsOther = { function: 'echo', cron: '0 0 1 1 *', on_failure: { function: 'other' } };
    assert.equal(await statusFor(mine, 'POST', '', tellsOther), 403);
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/pause'],
      ['POST', '/resume'],
      ['POST', '/run'],
    ] as const) {
      assert.equal(await statusFor(mine, method, `/${made.id}${path}`), 404, `${method} ${path}`);
    }
    assert.equal(await statusFor(mine, 'PUT', `/${made.id}`, { cron: '0 0 1 1 *' }), 404);
    const listed = await server.ask('GET', '/api/v1/schedules', { headers: { authorization: `Bearer ${mine}` } });
    assert.deepEqual(await listed.json(), { schedules: [] });
    const reader = await keyOf({ scopes: ['read'] });
    assert.equal(await statusFor(reader, 'GET', `/${made.id}`), 200);
    assert.equal(await statusFor(reader, 'POST', `/${made.id}/pause`), 403);
    assert.equal(await statusFor(reader, 'POST', '', { function: 'echo', cron: '0 0 1 1 *' }), 403);
    const runner = await keyOf({ scopes: ['run'] });
    assert.equal(await statusFor(runner, 'GET', ''), 403);
    assert.equal(await statusFor(runner, 'POST', `/${made.id}/pause`), 200);
    await schedules.remove(made.id);
  });

  test('changes are audited', async () => {
    const made = await schedules.make({ function: 'echo', name: 'noted', cron: '0 0 1 1 *' });
    await schedules.ask('PUT', `/${made.id}`, { cron: '0 0 2 1 *' });
    await schedules.act(made.id, 'pause');
    await schedules.act(made.id, 'resume');
    await schedules.remove(made.id);
    const { entries } = (await (await server.ask('GET', '/api/v1/audit?limit=5')).json()) as {
      entries: { action: string; target: string; key_id: string }[];
    };
    const actions = ['delete', 'resume', 'pause', 'change', 'create'].map((action) => `schedule.${action}`);
    assert.deepEqual(
      entries.map(({ action }) => action),
      actions,
    );
    for (const entry of entries) assert.deepEqual([entry.target, entry.key_id], ['echo/latest/noted', 'testadmin']);
  });
});
