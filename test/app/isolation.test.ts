import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithout } from '../servers/find-binary.js';
import { startApp } from './start-app.js';

const needsCells = { skip: skipWithout('bwrap') };
const look = {
  'index.mjs': `import { existsSync, readdirSync } from 'node:fs';
    export default (paths) => ({ seen: paths.filter((path) => existsSync(path)), pid: process.pid });`,
};

test('auto is the strongest level that was proved, and a run tells what it got', needsCells, async (t) => {
  const server = await startApp({ LANEWAY_DEFAULT_ISOLATION: 'auto', LANEWAY_SPARE_PROCESSES: '1' });
  t.after(() => server.close());
  const { isolation } = (await (await server.ask('GET', '/ready')).json()) as { isolation: Record<string, unknown> };
  assert.deepEqual([isolation['strongest'], isolation['default'], isolation['confined_problem']], ['confined', 'auto', null]);
  assert.match(server.app.isolation, /^confined/);
  await server.push('look', look);
  const answer = await server.call('look', [
    server.folder,
    `${server.folder}/data`,
    `${server.folder}/store`,
    '/function/code/index.mjs',
  ]);
  assert.equal(answer.status, 200, await answer.clone().text());
  assert.deepEqual(await answer.json(), { seen: ['/function/code/index.mjs'], pid: 2 });
  const id = answer.headers.get('x-run-id')!;
  const run = (await (await server.ask('GET', `/api/v1/runs/${id}`)).json()) as { isolation: string };
  assert.equal(run.isolation, 'confined');
});

test('LANEWAY_MIN_ISOLATION=confined raises every function, whatever it asks for', needsCells, async (t) => {
  const server = await startApp({ LANEWAY_MIN_ISOLATION: 'confined' });
  t.after(() => server.close());
  await server.push('look', { ...look, 'laneway.json': '{"isolation":"thread"}' });
  const answer = await server.call('look', [server.folder]);
  assert.deepEqual(await answer.json(), { seen: [], pid: 2 });
});

test('a function that wants no network is confined, whatever the default is', needsCells, async (t) => {
  const server = await startApp({ LANEWAY_DEFAULT_ISOLATION: 'thread' });
  t.after(() => server.close());
  await server.push('look', { ...look, 'laneway.json': '{"network":"none"}' });
  assert.deepEqual(await (await server.call('look', [server.folder])).json(), { seen: [], pid: 2 });
});
