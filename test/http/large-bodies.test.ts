import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test, type TestContext } from 'node:test';
import { startApp, type TestApp } from '../app/start-app.js';

const large = 900 * 1024;

describe('the room of a large body whose client leaves comes back', () => {
  let server: TestApp;
  before(async () => {
    server = await startApp({ LANEWAY_PAYLOAD_MEMORY: '1MiB' });
    await server.push('measure', { 'index.mjs': 'export default (text) => text.length' });
    await server.push('slow', { 'index.mjs': 'export default () => new Promise((done) => setTimeout(done, 10_000))' });
  });
  after(() => server.close());

  const begin = async (t: TestContext, path: string, body: string): Promise<Socket> => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.key}\r\n` +
        `content-type: application/json\r\ncontent-length: ${large}\r\n\r\n${body}`,
    );
    await sleep(100);
    return socket;
  };
  const isThereRoom = async () => {
    const answer = await server.call('measure', 'x'.repeat(large - 2));
    assert.equal(answer.status, 200, await answer.text());
  };
  const ways = ['/api/v1/runs', '/function/measure', '/api/function/RunFunction?functionName=measure&callerId=me'];

  for (const path of ways) {
    test(`in the middle of its body: ${path}`, async (t) => {
      (await begin(t, path, '"')).destroy();
      await isThereRoom();
    });

    test(`while it waits for room: ${path}`, async (t) => {
      const first = await begin(t, path, '"');
      const second = await begin(t, path, '"');
      second.destroy();
      await sleep(100);
      first.destroy();
      await isThereRoom();
    });
  }

  for (const path of ways) {
    test(`while it trickles in and others wait: ${path}`, async (t) => {
      const slow = await begin(t, path, '"');
      const cutOff = new Promise((resolve) => slow.once('close', resolve).once('error', () => {}));
      await isThereRoom();
      await cutOff;
    });
  }

  test('a queued run that works on a large payload keeps no call from being heard', async () => {
    const json = { function: 'slow', mode: 'queued', payload: 'x'.repeat(large - 2) };
    const { id } = (await (await server.ask('POST', '/api/v1/runs', { json })).json()) as { id: string };
    await isThereRoom();
    assert.equal((await server.app.runs.find.get(id)).state, 'running');
    await server.ask('POST', `/api/v1/runs/${id}/cancel`);
  });

  test('while its function runs', async (t) => {
    (await begin(t, '/function/slow', `"${'x'.repeat(large - 2)}"`)).destroy();
    await isThereRoom();
  });
});
