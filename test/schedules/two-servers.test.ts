import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Records } from '../../src/contract/records.js';
import { openRecords } from '../../src/records/open-records.js';
import { eventually, startApp, type TestApp } from '../app/start-app.js';
import { skipWithout } from '../servers/find-binary.js';
import { startPostgres, type PostgresServer } from '../servers/postgres.js';
import { startRedis, type RedisServer } from '../servers/redis.js';
import { echo, ScheduleServer } from './schedule-server.js';

const second = 1000;

describe('schedules of two servers on one Redis and PostgreSQL', { skip: skipWithout('redis-server', 'postgres') }, () => {
  let redis: RedisServer;
  let postgres: PostgresServer;
  let folder: string;
  let records: Records;
  let a: TestApp;
  let b: TestApp;

  before(async () => {
    [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
    folder = await mkdtemp(join(tmpdir(), 'laneway-schedules-'));
    const shared = {
      LANEWAY_REDIS_URL: redis.url,
      LANEWAY_DATABASE_URL: postgres.url,
      LANEWAY_SECRET_KEY: 'ab'.repeat(32),
      LANEWAY_STORE: join(folder, 'store'),
    };
    a = await startApp(shared, join(folder, 'a'));
    b = await startApp(shared, join(folder, 'b'));
    records = await openRecords({ dataFolder: folder, databaseUrl: postgres.url });
    await a.push('echo', echo);
  });
  after(async () => {
    await Promise.allSettled([a?.close(), b?.close(), records?.close()]);
    await Promise.all([redis?.stop(), postgres?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  test('of hundreds of ticks each fires once, none twice and none not at all', async () => {
    const schedules = new ScheduleServer(a);
    const names = Array.from({ length: 40 }, (_, index) => `s${index}`);
    const wish = { function: 'echo', every_ms: second, overlap: 'queue', catch_up: 'all' };
    const made = await Promise.all(names.map((name) => schedules.make({ ...wish, name })));
    const firsts = new Map(made.map(({ name, next_at: next }) => [name, Date.parse(next!)]));
    const listed = await eventually(async () => {
      const found = await schedules.list('?function=echo');
      return found.every(({ fired }) => fired >= 8) ? found : null;
    });
    await Promise.all(listed.map(({ id }) => schedules.act(id, 'pause')));
    const ended = await schedules.list('?function=echo');
    assert.deepEqual(
      ended.flatMap(({ last_problem: problem }) => problem ?? []),
      [],
    );
    assert.equal(
      ended.reduce((sum, { skipped }) => sum + skipped, 0),
      0,
    );
    const counted = ended.reduce((sum, { fired }) => sum + fired, 0);

    const ticks = new Map<string, number[]>();
    let place: { createdAt: number; id: string } | null = null;
    do {
      const page = await records.runs.list({ source: 'schedule' }, 500, place);
      for (const run of page) {
        const payload = (await records.runs.payload(run.id)) ?? (await records.runs.result(run.id));
        const { schedule, tick } = JSON.parse(payload!) as { schedule: string; tick: string };
        ticks.set(schedule, [...(ticks.get(schedule) ?? []), Date.parse(tick)]);
      }
      place = page.length === 500 ? page.at(-1)! : null;
    } while (place !== null);

    const all = [...ticks.values()].flat().length;
    assert.ok(all >= 320, String(all));
    assert.ok(counted <= all, 'none is counted that has no run');
    for (const [name, own] of ticks) {
      own.sort((one, two) => one - two);
      assert.deepEqual(
        own,
        own.map((_, index) => firsts.get(name)! + index * second),
        name,
      );
    }
  });

  test('made on the first it fires at once on the second, and paused on the second it stops on the first', async () => {
    const made = await new ScheduleServer(a).make({ function: 'echo', name: 'far', every_ms: second });
    await new ScheduleServer(b).until(made.id, ({ fired }) => fired >= 2);
    const paused = await new ScheduleServer(b).act(made.id, 'pause');
    const witness = await new ScheduleServer(a).make({ function: 'echo', name: 'witness', every_ms: second });
    await new ScheduleServer(a).until(witness.id, ({ fired }) => fired >= 3);
    assert.equal((await new ScheduleServer(a).get(made.id)).fired, paused.fired);
    await new ScheduleServer(a).remove(witness.id);
  });

  test('a schedule of a manifest pushed on the first fires while the first is gone', async () => {
    const files = { ...echo, 'laneway.json': '{"isolation":"thread","schedule":{"every_ms":1000}}' };
    await a.push('manifest', files);
    const onB = new ScheduleServer(b);
    const [found] = await eventually(async () => {
      const list = await onB.list('?function=manifest');
      return list.length === 1 ? list : null;
    });
    await a.close();
    const { fired } = await onB.get(found!.id);
    await onB.until(found!.id, (schedule) => schedule.fired >= fired + 3);
    assert.equal((await onB.list('?function=manifest')).length, 1);
  });
});
