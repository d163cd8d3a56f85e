import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test, type TestContext } from 'node:test';
import { eventually, startApp, type TestApp } from '../app/start-app.js';

describe('a slow client', () => {
  let server: TestApp;
  before(async () => {
    server = await startApp({ LANEWAY_REQUEST_TIMEOUT: '1s', LANEWAY_SEND_TIMEOUT: '3s' });
    await server.push('large', { 'index.mjs': 'export default () => "x".repeat(30_000_000)' });
    await server.push('slow', { 'index.mjs': 'export default () => new Promise((r) => setTimeout(r, 4000, "done"))' });
    await server.push('talk', {
      'index.mjs':
        'export default { fetch: () => new Response(new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode("begun")) })) }',
    });
  });
  after(() => server.close());

  const open = async (t: TestContext, text: string): Promise<Socket> => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  };
  const post = (path: string, rest: string) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.key}\r\ncontent-type: application/json\r\n${rest}`;
  const heard = async (socket: Socket): Promise<string> => {
    let text = '';
    for await (const piece of socket) text += String(piece);
    return text;
  };

  test('whose body does not come is answered with 408', async (t) => {
    const answer = await heard(await open(t, post('/function/slow', 'content-length: 9\r\n\r\n{')));
    assert.match(answer, /^HTTP\/1\.1 408 [^]*"code":"request_timeout"/);
  });

  test('whose headers do not come is answered with 408', async (t) => {
    assert.match(await heard(await open(t, post('/function/slow', 'x-more: '))), /^HTTP\/1\.1 408 /);
  });

  test('whose body does not come while it is answered gets no second answer', async (t) => {
    const answer = await heard(await open(t, post('/function/talk', 'content-length: 9\r\n\r\n{')));
    assert.match(answer, /^HTTP\/1\.1 200 [^]*begun/);
    assert.doesNotMatch(answer, /408/);
  });

  test('that does not take its answer is cut off', async (t) => {
    const accepted = once(server.app.server.server, 'connection') as Promise<[Socket]>;
    const socket = await open(t, post('/function/large', 'content-length: 2\r\n\r\n{}'));
    socket.pause();
    const [theirs] = await accepted;
    await eventually(async () => theirs.destroyed);
    assert.ok(theirs.bytesWritten > 0);
  });

  test('that waits for a slow function is not cut off', async () => {
    const answer = await server.call('slow', {});
    assert.equal(answer.status, 200);
    assert.equal(await answer.json(), 'done');
  });
});
