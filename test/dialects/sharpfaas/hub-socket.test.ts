import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { pino } from 'pino';
import { HubConnection } from '../../../src/dialects/sharpfaas/hub/hub-connection.js';
import { HubSocket, type WebSocketLike } from '../../../src/dialects/sharpfaas/hub/hub-socket.js';

class SlowSocket extends EventEmitter implements WebSocketLike {
  bufferedAmount = 0;
  readonly sent: string[] = [];
  readonly #waiting: (() => void)[] = [];
  closed = 0;

  send(data: string, done: () => void): void {
    this.sent.push(data);
    this.bufferedAmount += data.length;
    this.#waiting.push(done);
  }

  take(): void {
    this.bufferedAmount = 0;
    for (const done of this.#waiting.splice(0)) done();
  }

  close(code: number): void {
    this.closed = code;
  }

  terminated = false;

  terminate(): void {
    this.terminated = true;
  }
}

test('a sender waits while the client is behind, and goes on when it has caught up', async () => {
  const slow = new SlowSocket();
  const socket = new HubSocket(slow);
  assert.equal(socket.send('x'.repeat(300_000)), undefined);
  const waiting = socket.send('y');
  assert.ok(waiting instanceof Promise);
  let done = false;
  const watched = waiting.then(() => (done = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(done, false);
  slow.take();
  await watched;
  assert.equal(socket.send('z'), undefined);
});

test('a client that is behind is sent no pings', () => {
  const slow = new SlowSocket();
  const socket = new HubSocket(slow);
  socket.ping('ping');
  socket.ping('ping');
  assert.deepEqual(slow.sent, ['ping']);
});

test('nothing is sent after the last word or to a client that is gone', () => {
  const slow = new SlowSocket();
  const socket = new HubSocket(slow);
  socket.close('bye');
  void socket.send('more');
  socket.close('bye again');
  assert.deepEqual(slow.sent, ['bye']);
  assert.equal(slow.closed, 1000);
  slow.emit('close');
  const gone = new SlowSocket();
  const lost = new HubSocket(gone);
  gone.emit('close');
  void lost.send('hello');
  assert.deepEqual(gone.sent, []);
});

test('a client that asks and asks but takes no answer is cut off', () => {
  const slow = new SlowSocket();
  const times = { handshakeMs: 60_000, pingMs: 60_000, silenceMs: 60_000, tokenMs: 60_000 };
  const start = () => assert.fail('nothing is to be started');
  void new HubConnection(slow, { start, maxMessageBytes: 1000, times, log: pino({ level: 'silent' }) });
  const say = (message: object) => slow.emit('message', Buffer.from(`${JSON.stringify(message)}\x1e`));
  say({ protocol: 'json', version: 1 });
  const wrong = { type: 4, invocationId: 'i'.repeat(250), target: 'none', arguments: [] };
  for (let asked = 0; asked < 200_000 && !slow.terminated; asked += 1) say(wrong);
  assert.ok(slow.terminated);
  assert.ok(slow.bufferedAmount < 20_000_000);
  slow.emit('close');
});
