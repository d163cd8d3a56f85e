import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { openRecords } from '../../src/records/open-records.js';
import { eventually, startApp, type TestApp } from '../app/start-app.js';
import { echo, endless, ScheduleServer } from './schedule-server.js';

describe('schedules fire', () => {
  let server: TestApp;
  let schedules: ScheduleServer;

  before(async () => {
    server = await startApp();
    schedules = new ScheduleServer(server);
    await server.push('echo', echo);
    for (const name of ['skipping', 'queueing', 'cancelling']) await server.push(name, endless);
  });
  after(() => server.close());

  test('a period and a cron pattern of seconds: every tick once, none left out', async () => {
    const every = await schedules.make({ function: 'echo', name: 'period', every_ms: 1000 });
    const cron = await schedules.make({ function: 'echo', name: 'seconds', cron: '* * * * * *' });
    await schedules.until(every.id, ({ fired }) => fired >= 4);
    await schedules.until(cron.id, ({ fired }) => fired >= 4);
    for (const { id } of [every, cron]) await schedules.remove(id);
    const runs = await schedules.runs('echo');
    for (const { id: scheduleId, next } of [every, cron]) {
      const own = runs.filter(({ schedule_id: of }) => of === scheduleId);
      const payloads = await Promise.all(own.map(({ id }) => schedules.result(id)));
      const ticks = (payloads as { schedule: string; tick: string }[])
        .map(({ tick }) => Date.parse(tick))
        .sort((one, two) => one - two);
      assert.ok(ticks.length >= 4);
      assert.deepEqual(
        ticks,
        ticks.map((_, index) => Date.parse(next[0]!) + index * 1000),
      );
    }
  });

  test('once fires once and stays to be seen', async () => {
    const at = new Date(Date.now() + 300).toISOString();
    const made = await schedules.make({ function: 'echo', at });
    assert.deepEqual(made.next, [at]);
    const fired = await schedules.until(made.id, (schedule) => schedule.fired === 1);
    assert.deepEqual([fired.next_at, fired.next, fired.last_at], [null, [], at]);
    assert.deepEqual(await schedules.result(fired.last_run_id!), { schedule: made.name, tick: at });
  });

  test('a pause holds it, and what was missed is not caught up with', async () => {
    const made = await schedules.make({ function: 'echo', every_ms: 1000, catch_up: 'all' });
    await schedules.until(made.id, ({ fired }) => fired >= 1);
    const paused = await schedules.act(made.id, 'pause');
    assert.ok(paused.paused_at !== null);
    assert.deepEqual([paused.next_at, paused.next], [null, []]);
    const witness = await schedules.make({ function: 'echo', every_ms: 1000 });
    await schedules.until(witness.id, ({ fired }) => fired >= 3);
    const still = await schedules.get(made.id);
    assert.equal(still.fired, paused.fired);
    const resumedAfter = Date.now();
    const resumed = await schedules.act(made.id, 'resume');
    assert.ok(Date.parse(resumed.next_at!) > resumedAfter);
    const next = await schedules.until(made.id, ({ fired }) => fired > paused.fired);
    assert.deepEqual([next.skipped, next.paused_at], [0, null]);
    for (const { id } of [made, witness]) await schedules.remove(id);
  });

  test('while the run before is open: skip, queue, or cancel it', async () => {
    const make = (name: string, overlap: string) => schedules.make({ function: name, every_ms: 1000, overlap });
    const [skip, queue, cancel] = await Promise.all([
      make('skipping', 'skip'),
      make('queueing', 'queue'),
      make('cancelling', 'cancel_previous'),
    ]);
    const skipped = await schedules.until(skip.id, (schedule) => schedule.skipped >= 2);
    assert.deepEqual([skipped.fired, (await schedules.runs('skipping')).length], [1, 1]);
    assert.match(skipped.last_problem!, /still open/);

    await schedules.until(queue.id, ({ fired }) => fired >= 3);
    assert.ok((await schedules.runs('queueing')).every(({ ended_at: ended }) => ended === null));

    await schedules.until(cancel.id, ({ fired }) => fired >= 3);
    await schedules.act(cancel.id, 'pause');
    const runs = await schedules.runs('cancelling');
    const states = runs.map(({ state }) => state);
    assert.ok(runs.length >= 3);
    assert.ok(
      states.slice(0, -1).every((state) => state === 'cancelled'),
      states.join(),
    );

    // The skipping one goes on when its run has ended.
    await server.ask('POST', `/api/v1/runs/${skipped.last_run_id}/cancel`);
    await schedules.until(skip.id, ({ fired }) => fired === 2);
    for (const { id } of [skip, queue, cancel]) await schedules.remove(id);
    for (const name of ['skipping', 'queueing', 'cancelling']) {
      for (const run of await schedules.runs(name))
        if (run.ended_at === null) await server.ask('POST', `/api/v1/runs/${run.id}/cancel`);
    }
  });

  test('a tick whose run is refused for good is skipped with the reason, and the next one is tried', async () => {
    await server.push('vanishing', echo);
    const made = await schedules.make({ function: 'vanishing', every_ms: 1000 });
    await server.ask('DELETE', '/api/v1/functions/vanishing/lanes/latest/versions/1.1');
    const skipped = await schedules.until(made.id, ({ skipped }) => skipped >= 1);
    assert.match(skipped.last_problem!, /vanishing/);
    await server.push('vanishing', echo);
    const fired = await schedules.until(made.id, ({ fired }) => fired >= 1);
    assert.equal(fired.last_problem, null);
    await schedules.remove(made.id);
  });
});

describe('after downtime', () => {
  const hour = 3_600_000;

  /** A server whose schedules have had no server for five hours when it starts again. */
  async function afterDowntime(
    t: TestContext,
    catchUps: string[],
    timing: object,
  ): Promise<{ schedules: ScheduleServer; ids: string[] }> {
    const folder = await mkdtemp(join(tmpdir(), 'laneway-downtime-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const first = await startApp({}, folder);
    await first.push('echo', echo);
    const made = new ScheduleServer(first);
    const ids: string[] = [];
    for (const [index, policy] of catchUps.entries()) {
      const wish = { function: 'echo', name: `n${index}`, overlap: 'queue', catch_up: policy, ...timing };
      ids.push((await made.make(wish)).id);
    }
    await first.close();
    const records = await openRecords({ dataFolder: join(folder, 'data'), databaseUrl: null });
    for (const id of ids) {
      const schedule = (await records.schedules.get(id))!;
      await records.schedules.remove(id);
      const { timing } = schedule;
      const earlier = timing.kind === 'every' ? { ...timing, from: timing.from - 6 * hour } : timing;
      await records.schedules.put({ ...schedule, timing: earlier }, schedule.nextAt! - 5 * hour);
    }
    await records.close();
    const second = await startApp({}, folder);
    t.after(() => second.close());
    return { schedules: new ScheduleServer(second), ids };
  }

  test('none, the last or all of the missed ticks fire, each once', async (t) => {
    const { schedules, ids } = await afterDowntime(t, ['none', 'last', 'all'], { cron: '59 * * * *' });
    const [none, last, all] = await Promise.all(
      ids.map((id, index) => schedules.until(id, ({ fired, skipped }) => fired + skipped >= [5, 5, 5][index]!)),
    );
    assert.ok(none!.fired <= 1 && none!.skipped >= 4, 'one that came in the last minute is on time');
    assert.deepEqual([last!.fired, last!.skipped], [1, 4]);
    assert.deepEqual([all!.fired, all!.skipped], [5, 0]);
    assert.ok(Date.parse(all!.next_at!) > Date.now());
    const own = (await schedules.runs('echo')).filter(({ schedule_id: of }) => of === ids[2]);
    const payloads = (await Promise.all(own.map(({ id }) => schedules.result(id)))) as { tick: string }[];
    const ticks = payloads.map(({ tick }) => Date.parse(tick));
    assert.deepEqual(
      ticks,
      ticks.map((_, index) => ticks[0]! + index * hour),
      'in order',
    );
    assert.equal(ticks.at(-1), Date.parse(last!.last_at!), 'the last one is the latest missed');
  });

  test('of very many missed ticks the latest hundred fire', async (t) => {
    const { schedules, ids } = await afterDowntime(t, ['all'], { every_ms: 60_000 });
    const done = await schedules.until(ids[0]!, ({ fired }) => fired >= 100);
    assert.ok(done.skipped >= 198, String(done.skipped));
    await eventually(async () => (await schedules.runs('echo')).length === done.fired);
  });
});
