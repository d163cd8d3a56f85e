import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { eventually, startApp } from './start-app.js';

/** Returns when the file named by its payload is there. */
const waiting = {
  'index.mjs': `import { existsSync } from 'node:fs';
    export default async (file) => { while (!existsSync(file)) await new Promise((r) => setTimeout(r, 10)); return 'done'; };`,
  'laneway.json': '{"timeout_ms":60000}',
};
const slow = {
  'index.mjs': 'export default (ms) => new Promise((r) => setTimeout(r, ms, "done"))',
  'laneway.json': '{"timeout_ms":60000}',
};

async function home(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'laneway-stop-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('a sync call under way is answered before the server closes, and new ones are refused meanwhile', async (t) => {
  const server = await startApp({ LANEWAY_DRAIN: '10s' }, await home(t));
  await server.push('waiting', waiting);
  const file = join(server.folder, 'go');
  const id = '1d1b2c3d-0000-4000-8000-00000000aaaa';
  const call = server.call('waiting', file, { 'x-run-id': id });
  await eventually(async () => (await server.ask('GET', `/api/v1/runs/${id}`)).status === 200);
  const closed = server.close();
  await eventually(async () => (await server.ask('GET', '/ready')).status === 503);
  const refused = await server.call('waiting', file);
  assert.equal(refused.status, 503);
  assert.equal(((await refused.json()) as { error: { code: string } }).error.code, 'shutting_down');
  await writeFile(file, '');
  const answer = await call;
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), '"done"');
  await closed;
});

test('a queued run that is not done in time is handed back and carried out by the next server', async (t) => {
  const folder = await home(t);
  const first = await startApp({ LANEWAY_DRAIN: '100ms' }, folder);
  await first.push('waiting', waiting);
  const file = join(folder, 'go');
  const { id } = (await (
    await first.ask('POST', '/api/v1/runs', { json: { function: 'waiting', payload: file, mode: 'queued' } })
  ).json()) as { id: string };
  await eventually(
    async () => ((await (await first.ask('GET', `/api/v1/runs/${id}`)).json()) as { state: string }).state === 'running',
  );
  await first.close();
  await writeFile(file, '');
  const second = await startApp({}, folder);
  t.after(() => second.close());
  const run = await eventually(async () => {
    const found = (await (await second.ask('GET', `/api/v1/runs/${id}`)).json()) as { state: string; ended_at: string | null };
    return found.ended_at === null ? null : found;
  });
  assert.equal(run.state, 'succeeded');
});

test('runs, versions, keys and sync records are there after a restart', async (t) => {
  const folder = await home(t);
  const first = await startApp({}, folder);
  await first.push('slow', slow);
  const id = (await first.call('slow', 1)).headers.get('x-run-id');
  const { key } = (await (await first.ask('POST', '/api/v1/keys', { json: { name: 'k', scopes: ['run', 'read'] } })).json()) as {
    key: string;
  };
  await first.close();
  const second = await startApp({}, folder);
  t.after(() => second.close());
  const run = await second.ask('GET', `/api/v1/runs/${id}`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal(((await run.json()) as { state: string }).state, 'succeeded');
  assert.equal(await (await second.call('slow', 1)).text(), '"done"');
});

test('a second server on the same data folder is refused with a line that says who holds it', async (t) => {
  const folder = await home(t);
  const first = await startApp({}, folder);
  t.after(() => first.close());
  await assert.rejects(
    startApp({}, folder),
    (error: Error) => error.message.includes(join(folder, 'data')) && error.message.includes(String(process.pid)),
  );
});
