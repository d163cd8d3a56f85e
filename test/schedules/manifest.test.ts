import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ScheduleView } from '../../src/contract/api/schedules.js';
import { eventually, startApp, type TestApp, zipOf } from '../app/start-app.js';
import { codeOf, ScheduleServer } from './schedule-server.js';

const yearly = '0 0 1 1 *';

function scheduled(schedule: unknown): Record<string, string> {
  return {
    'index.mjs': 'export default (payload, { version }) => ({ payload, version })',
    'laneway.json': JSON.stringify({ isolation: 'thread', ...(schedule === undefined ? {} : { schedule }) }),
  };
}

describe('schedules of manifests', () => {
  let server: TestApp;
  let schedules: ScheduleServer;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'laneway-manifests-'));
    server = await startApp({}, folder);
    schedules = new ScheduleServer(server);
  });
  after(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** The schedules of a lane, when they are as the condition says. */
  const listed = (place: string, condition: (found: ScheduleView[]) => boolean): Promise<ScheduleView[]> =>
    eventually(async () => {
      const [name, lane = 'latest'] = place.split('/');
      const found = await schedules.list(`?function=${name}&lane=${lane}`);
      return condition(found) ? found : null;
    });
  const crons = (found: ScheduleView[]) => found.map(({ name, cron }) => `${name} ${cron}`);
  const lanePath = (name: string) => `/api/v1/functions/${name}/lanes/latest`;

  test('one appears with its version, fires that version, changes with the next and goes with the one after', async () => {
    await server.push('often', scheduled({ every_ms: 1000, payload: { a: 1 } }));
    const [made] = await listed('often', (found) => found.length === 1);
    assert.deepEqual([made!.name, made!.origin, made!.every_ms], ['schedule', 'manifest', 1000]);
    const fired = await schedules.until(made!.id, (schedule) => schedule.fired >= 1);
    assert.deepEqual(await schedules.result(fired.last_run_id!), { payload: { a: 1 }, version: '1.1' });

    await server.push('often', scheduled({ every_ms: 1000, payload: { a: 2 } }));
    const changed = await schedules.until(made!.id, ({ payload }) => (payload as { a: number }).a === 2);
    assert.ok(changed.fired >= 1, 'it is the same schedule');
    const later = await schedules.until(made!.id, (schedule) => schedule.fired > changed.fired + 1);
    assert.deepEqual(await schedules.result(later.last_run_id!), { payload: { a: 2 }, version: '1.2' });

    await server.push('often', scheduled(undefined));
    await listed('often', (found) => found.length === 0);
    assert.equal((await schedules.ask('GET', `/${made!.id}`)).status, 404);
  });

  test('a rollback brings back what the old version had, a split has the schedule of its newest part', async () => {
    await server.push('rolled', scheduled([yearly, { name: 'b', cron: '0 1 1 1 *' }]));
    await server.push(
      'rolled',
      scheduled([
        { name: 'b', cron: '0 2 1 1 *' },
        { name: 'c', cron: yearly },
      ]),
    );
    const second = await listed('rolled', (found) => found.length === 2 && found[1]!.name === 'c');
    assert.deepEqual(crons(second), ['b 0 2 1 1 *', `c ${yearly}`]);
    await schedules.act(second[0]!.id, 'pause');

    await server.ask('PUT', `${lanePath('rolled')}/pin`, { json: { version: '1.1' } });
    const first = await listed('rolled', (found) => crons(found).join() === ['b 0 1 1 1 *', `schedule ${yearly}`].join());
    assert.ok(first[0]!.paused_at !== null && first[0]!.next_at === null, 'the pause stays');

    await server.push('rolled', scheduled(undefined));
    await server.ask('DELETE', `${lanePath('rolled')}/pin`);
    await listed('rolled', (found) => found.length === 0);
    const parts = [
      { version: '1.2', weight: 1 },
      { version: '1.1', weight: 99 },
    ];
    await server.ask('PUT', `${lanePath('rolled')}/split`, { json: { parts } });
    assert.deepEqual(crons(await listed('rolled', (found) => found.length === 2)), crons(second));
  });

  test('a promoted version schedules in its new lane too', async () => {
    await server.push('promoted', scheduled(yearly), 'dev');
    const [dev] = await listed('promoted/dev', (found) => found.length === 1);
    const answer = await server.ask('POST', '/api/v1/functions/promoted/lanes/production/promote', {
      json: { from_lane: 'dev' },
    });
    assert.equal(answer.status, 201);
    const [production] = await listed('promoted/production', (found) => found.length === 1);
    assert.notEqual(production!.id, dev!.id);
    assert.equal(production!.cron, yearly);
  });

  test('it is paused, resumed and run by the API, but changed and removed by pushes only', async () => {
    await server.push('owned', scheduled({ name: 'mine', cron: yearly }));
    const [{ id }] = (await listed('owned', (found) => found.length === 1)) as [ScheduleView];
    const changed = await schedules.ask('PUT', `/${id}`, { cron: yearly });
    assert.deepEqual([changed.status, codeOf(changed.body)], [409, 'schedule_of_manifest']);
    const removed = await schedules.ask('DELETE', `/${id}`);
    assert.deepEqual([removed.status, codeOf(removed.body)], [409, 'schedule_of_manifest']);
    assert.ok((await schedules.act(id, 'pause')).paused_at !== null);
    assert.equal((await schedules.act(id, 'resume')).paused_at, null);
    assert.equal((await schedules.runNow(id)).function, 'owned');
    const taken = await schedules.ask('POST', '', { function: 'owned', name: 'mine', cron: yearly });
    assert.equal(codeOf(taken.body), 'schedule_exists');
  });

  test('a name that the API has taken in the lane is left to it until it is free', async () => {
    await server.push('shared', scheduled(undefined));
    const made = await schedules.make({ function: 'shared', name: 'taken', cron: yearly });
    await server.push(
      'shared',
      scheduled([
        { name: 'taken', cron: '0 5 1 1 *' },
        { name: 'free', cron: yearly },
      ]),
    );
    const found = await listed('shared', (all) => all.length === 2);
    assert.deepEqual(
      found.map(({ name, origin }) => `${name} ${origin}`),
      ['free manifest', 'taken api'],
    );
    assert.equal((await schedules.get(made.id)).cron, yearly);
    await schedules.remove(made.id);
    await listed('shared', (all) => all.length === 2 && all.every(({ origin }) => origin === 'manifest'));
  });

  test('a push whose schedule is none is refused, and the versions tell what they schedule', async () => {
    const push = (schedule: unknown) =>
      server.ask('POST', `${lanePath('refused')}/versions`, {
        body: zipOf(scheduled(schedule)),
        headers: { 'content-type': 'application/zip' },
      });
    for (const wrong of [
      'every day',
      '0 0 30 2 *',
      { cron: '* * * * *', time_zone: 'Mars/Olympus' },
      { cron: '* * * * *', every_ms: 1000 },
      { at: 'tomorrow' },
      {},
      [
        { name: 'a', cron: yearly },
        { name: 'a', cron: yearly },
      ],
      Array.from({ length: 33 }, () => yearly),
    ]) {
      const answer = await push(wrong);
      assert.deepEqual([answer.status, codeOf(await answer.json())], [400, 'manifest_invalid'], JSON.stringify(wrong));
    }
    const schedule = [yearly, { name: 'zoned', cron: '30 2 * * *', time_zone: 'Europe/Berlin', payload: { deep: [1] } }];
    assert.equal((await push(schedule)).status, 201);
    const answer = await server.ask('GET', `${lanePath('refused')}/versions/1.1`);
    assert.deepEqual(((await answer.json()) as { manifest: { schedule: unknown } }).manifest.schedule, schedule);
  });

  test('a restart leaves them as they are, with their pause and their tick', async () => {
    await server.push(
      'kept',
      scheduled([
        { name: 'going', every_ms: 3_600_000 },
        { name: 'resting', cron: yearly },
      ]),
    );
    const made = await listed('kept', (found) => found.length === 2);
    await schedules.act(made[1]!.id, 'pause');
    const before = await schedules.list('?function=kept');
    const rolled = await schedules.list('?function=rolled');
    await server.close();
    server = await startApp({}, folder);
    schedules = new ScheduleServer(server);
    // Whatever the start does to lanes it has done when a lane that is changed after it is right.
    await server.push('late', scheduled(yearly));
    await listed('late', (found) => found.length === 1);
    assert.deepEqual(await schedules.list('?function=kept'), before);
    assert.deepEqual(await schedules.list('?function=rolled'), rolled);
  });
});
