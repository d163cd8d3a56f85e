import assert from 'node:assert/strict';
import { get } from 'node:http';
import { test } from 'node:test';
import { eventually, startApp } from '../app/start-app.js';

test('bounded: followers that go away in the middle of a page leave nothing behind', async (t) => {
  const server = await startApp({ LANEWAY_DEFAULT_ISOLATION: 'thread' });
  t.after(() => server.close());
  await server.push('talk', {
    'index.mjs': `export default () => {
      for (let line = 0; line < 2000; line += 1) console.log('x'.repeat(400));
      return new Promise(() => {});
    }`,
    'laneway.json': '{"timeout_ms":600000}',
  });
  const answer = await server.ask('POST', '/api/v1/runs', { json: { function: 'talk', mode: 'queued' } });
  const { id } = (await answer.json()) as { id: string };
  const { following } = server.app.runs;
  await eventually(async () => (await (await server.ask('GET', `/api/v1/runs/${id}/log`)).text()).length > 600_000);
  for (let round = 0; round < 5; round += 1) await Promise.all(Array.from({ length: 20 }, (_, index) => followAndLeave(index)));
  await eventually(() => Promise.resolve(following.open === 0));
  assert.equal((await server.ask('POST', `/api/v1/runs/${id}/cancel`)).status, 200);

  /** Reads the beginning only, so that the server has to wait for the rest to be taken, and hangs up. */
  async function followAndLeave(delayMs: number): Promise<void> {
    const request = get(`${server.url}/api/v1/runs/${id}/events`, {
      headers: { authorization: `Bearer ${server.key}` },
      agent: false,
    });
    request.on('error', () => {});
    request.on('response', (stream) => stream.on('error', () => {}).once('data', () => stream.pause()));
    setTimeout(() => request.destroy(), delayMs * 7);
    await new Promise((resolve) => request.once('close', resolve));
  }
});
