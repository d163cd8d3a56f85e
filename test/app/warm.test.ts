import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { eventually, startApp, zipOf, type TestApp } from './start-app.js';

const answers = (text: string) => `export default () => ${JSON.stringify(text)};\n`;
/** Loading takes a while, so that a call meets it under way. */
const slow = (text: string, ms: number) => `await new Promise((resolve) => setTimeout(resolve, ${ms}));\n${answers(text)}`;
const broken = "throw new Error('no database');\n";

async function start(t: TestContext, settings: Record<string, string> = {}): Promise<TestApp> {
  const server = await startApp({ LANEWAY_DEFAULT_ISOLATION: 'thread', ...settings });
  t.after(() => server.close());
  return server;
}

function files(source: string, manifest: object = {}): Record<string, string> {
  return { 'index.mjs': source, 'laneway.json': JSON.stringify(manifest) };
}

/** Calls once; what was answered, and why a worker had to be started for it. */
async function callAndSee(server: TestApp, name: string, lane = 'latest'): Promise<{ result: unknown; cold: string | null }> {
  const answer = await server.ask('POST', `/function/${name}?lane=${lane}`);
  const result: unknown = await answer.json();
  const id = answer.headers.get('x-run-id');
  const run = await eventually(async () => {
    const found = await server.ask('GET', `/api/v1/runs/${id}`);
    const view = (await found.json()) as { timings: { cold: string | null } | null };
    return found.status === 200 && view.timings !== null ? view.timings : null;
  });
  return { result, cold: run.cold };
}

async function move(server: TestApp, method: string, path: string, json?: unknown): Promise<Record<string, unknown>> {
  const answer = await server.ask(method, `/api/v1/functions/${path}`, json === undefined ? {} : { json });
  assert.ok(answer.ok, await answer.clone().text());
  return (await answer.json()) as Record<string, unknown>;
}

async function floorsOf(server: TestApp): Promise<Record<string, number>> {
  const text = await (await server.ask('GET', '/metrics')).text();
  const lines = [...text.matchAll(/^laneway_warm_workers\{function="(.*?)",lane="(.*?)"\} (\d+)$/gm)];
  return Object.fromEntries(lines.map(([, name, lane, count]) => [`${name}/${lane}`, Number(count)]));
}

async function untilWarm(server: TestApp, floors: Record<string, number>): Promise<void> {
  await eventually(async () => JSON.stringify(await floorsOf(server)) === JSON.stringify(floors));
}

test('a manifest with warm workers has its first call find one', async (t) => {
  const server = await start(t);
  await server.push('hello', files(answers('hi'), { warm: { min: 2 } }));
  await untilWarm(server, { 'hello/latest': 2 });
  assert.deepEqual(await callAndSee(server, 'hello'), { result: 'hi', cold: null });
});

test('floors are there again after a restart, and none for lanes without', async (t) => {
  const first = await startApp();
  t.after(() => first.close());
  await first.push('hello', files(answers('hi'), { warm: { min: 1 } }));
  await first.push('other', files(answers('hi')));
  await first.app.close();
  const second = await startApp({}, first.folder);
  t.after(() => second.close());
  await untilWarm(second, { 'hello/latest': 1 });
});

test('the floor goes with the lane: push, pin, split, unpin, delete', async (t) => {
  const server = await start(t);
  const warm = { warm: { min: 1 } };
  await server.push('hello', files(answers('one'), warm));
  await server.push('hello', files(answers('two')));
  await untilWarm(server, {});
  await move(server, 'PUT', 'hello/lanes/latest/pin', { version: '1.1' });
  await untilWarm(server, { 'hello/latest': 1 });
  await server.push('hello', files(answers('three'), warm));
  await move(server, 'PUT', 'hello/lanes/latest/split', {
    parts: [
      { version: '1.1', weight: 50 },
      { version: '1.3', weight: 50 },
    ],
  });
  await untilWarm(server, { 'hello/latest': 2 });
  await move(server, 'DELETE', 'hello/lanes/latest/split');
  await untilWarm(server, { 'hello/latest': 1 });
  assert.equal((await server.ask('DELETE', '/api/v1/functions/hello/lanes/latest/versions/1.3')).status, 204);
  await untilWarm(server, {});
});

for (const how of ['pin', 'promote', 'split', 'unpin'] as const) {
  test(`calls during a ${how} are answered by the old version until the new one is loaded, and none starts a worker`, async (t) => {
    const server = await start(t);
    await server.push('hello', files(answers('old')), 'live');
    await server.push('hello', files(slow('new', 300)), how === 'promote' ? 'dev' : 'live');
    if (how !== 'promote') await move(server, 'PUT', 'hello/lanes/live/pin', { version: '1.1' });
    await callAndSee(server, 'hello', 'live');
    const moves = {
      pin: ['PUT', 'pin', { version: '1.2' }],
      promote: ['POST', 'promote', { from_lane: 'dev' }],
      split: [
        'PUT',
        'split',
        {
          parts: [
            { version: '1.1', weight: 1 },
            { version: '1.2', weight: 99 },
          ],
        },
      ],
      unpin: ['DELETE', 'pin', undefined],
    } as const;
    const [method, path, body] = moves[how];
    const moving = move(server, method, `hello/lanes/live/${path}`, body);
    const seen: { result: unknown; cold: string | null }[] = [];
    while (seen.at(-1)?.result !== 'new') seen.push(await callAndSee(server, 'hello', 'live'));
    assert.equal((await moving)['warmed'], true);
    assert.equal(seen[0]!.result, 'old');
    assert.deepEqual(
      seen.filter(({ cold }) => cold !== null),
      [],
    );
  });
}

test('a push into a lane that is called is loaded first; into one that is not, nothing of it is run', async (t) => {
  const server = await start(t);
  await server.push('hello', files(answers('one')));
  const second = await pushAndSee(server, 'hello', files(answers('two')));
  assert.equal(second['warmed'], undefined);
  await callAndSee(server, 'hello');
  const third = await pushAndSee(server, 'hello', files(answers('three')));
  assert.equal(third['warmed'], true);
  assert.deepEqual(await callAndSee(server, 'hello'), { result: 'three', cold: null });
});

test('a rollback to a version that does not load is done all the same, and says so', async (t) => {
  const server = await start(t);
  await server.push('hello', files(broken));
  await server.push('hello', files(answers('two')));
  const answer = await move(server, 'PUT', 'hello/lanes/latest/pin', { version: '1.1' });
  assert.deepEqual([answer['current'], answer['warmed']], ['1.1', false]);
  assert.match(String(answer['warm_problem']), /^version 1\.1: .*no database/s);
});

test('a version that takes too long to load does not hold the lane up', async (t) => {
  const server = await start(t, { LANEWAY_WARM_WAIT: '50ms' });
  await server.push('hello', files('await new Promise(() => setInterval(() => {}, 1000));\n'));
  await server.push('hello', files(answers('two')));
  const answer = await move(server, 'PUT', 'hello/lanes/latest/pin', { version: '1.1' });
  assert.deepEqual(
    [answer['current'], answer['warmed'], answer['warm_problem']],
    ['1.1', false, 'it was not loaded within 50 ms'],
  );
});

test('a rollback asked for while another move waits is done at once, and after it', async (t) => {
  const server = await start(t, { LANEWAY_WARM_WAIT: '10m' });
  await server.push('hello', files(answers('one')));
  await server.push('hello', files('await new Promise(() => setInterval(() => {}, 1000));\n'));
  await server.push('hello', files(answers('three')));
  const stuck = move(server, 'PUT', 'hello/lanes/latest/pin', { version: '1.2' });
  await eventually(async () => /laneway_workers\{kind="\w+",state="loading"\} 1/.test(await metricsOf(server)));
  const back = await move(server, 'PUT', 'hello/lanes/latest/pin', { version: '1.1' });
  assert.deepEqual([back['current'], back['warmed']], ['1.1', true]);
  assert.deepEqual((await stuck)['warm_problem'], 'the lane was moved again meanwhile');
  assert.equal((await move(server, 'GET', 'hello/lanes/latest'))['current'], '1.1');
});

test('nothing is loaded ahead where the wait is 0', async (t) => {
  const server = await start(t, { LANEWAY_WARM_WAIT: '0s' });
  await server.push('hello', files(answers('one')));
  await server.push('hello', files(answers('two')));
  const answer = await move(server, 'PUT', 'hello/lanes/latest/pin', { version: '1.1' });
  assert.equal(answer['warmed'], undefined);
  assert.equal((await callAndSee(server, 'hello')).cold, 'first_call');
});

test('a push refuses warm workers that can not be had, naming the reason', async (t) => {
  const server = await start(t, { LANEWAY_MAX_WARM: '4' });
  const refusals: [files: Record<string, string>, text: RegExp][] = [
    [files(answers(''), { warm: 2 }), /warm must be object/],
    [files(answers(''), { warm: { min: -1 } }), /warm\/min/],
    [files(answers(''), { warm: { min: 5 } }), /warm\.min 5.*at most 4 is allowed \(LANEWAY_MAX_WARM\)/],
    [files(answers(''), { warm: { min: 3 }, concurrency: 2 }), /warm\.min 3.*at most 2 is allowed \(concurrency\)/],
    [files(answers(''), { warm: { min: 1, schedule: { cron: '0 8 * * *' } } }), /warm\/schedule.*minutes/],
    [files(answers(''), { warm: { min: 1, schedule: { cron: '0 25 * * *', minutes: 5 } } }), /warm\.schedule: .*25/],
    [
      files(answers(''), { warm: { min: 1, schedule: { cron: '0 8 * * *', minutes: 5, time_zone: 'Mars' } } }),
      /warm\.schedule: .*time zone .*Mars/,
    ],
    [{ 'run.sh': '#!/bin/sh\n', 'laneway.json': '{"entry":"run.sh","warm":{"min":1}}' }, /warm.*an executable is started anew/],
  ];
  for (const [content, text] of refusals) {
    const answer = await server.ask('POST', '/api/v1/functions/hello/lanes/latest/versions', {
      body: zipOf(content),
      headers: { 'content-type': 'application/zip' },
    });
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), text);
  }
});

async function pushAndSee(server: TestApp, name: string, content: Record<string, string>): Promise<Record<string, unknown>> {
  const answer = await server.ask('POST', `/api/v1/functions/${name}/lanes/latest/versions`, {
    body: zipOf(content),
    headers: { 'content-type': 'application/zip' },
  });
  assert.equal(answer.status, 201);
  return (await answer.json()) as Record<string, unknown>;
}

async function metricsOf(server: TestApp): Promise<string> {
  return (await server.ask('GET', '/metrics')).text();
}
