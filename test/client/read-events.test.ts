import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEvents, type ServerSentEvent } from '../../src/client/read-events.js';

async function read(chunks: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
  const events = [];
  for await (const event of readEvents(toStream(chunks))) events.push(event);
  return events;
}

async function* toStream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const stream = [
  ': hello\n',
  'id: 1.1\nevent: log\ndata: {"text":"\u00e4\u{1F511}"}\n\n',
  'id:1.2\r\nevent:chunk\r\ndata:a\r\ndata: b\r\n\r\n',
  'data\rid: bad\0id\r\r',
  'retry: 5\nunknown: x\n\n',
  'event: state\ndata:  two spaces\n\n',
  'data: cut off',
].join('');

const expected = [
  { id: '1.1', event: 'log', data: '{"text":"\u00e4\u{1F511}"}' },
  { id: '1.2', event: 'chunk', data: 'a\nb' },
  { id: '1.2', event: 'message', data: '' },
  { id: '1.2', event: 'state', data: ' two spaces' },
];

test('events are read with every line end, comments and several data lines', async () => {
  assert.deepEqual(await read([Buffer.from(stream)]), expected);
});

test('it does not matter where the stream is cut', async () => {
  const bytes = Buffer.from(stream);
  for (let at = 1; at < bytes.length; at += 1) {
    assert.deepEqual(await read([bytes.subarray(0, at), bytes.subarray(at)]), expected, `cut at ${at}`);
  }
  assert.deepEqual(await read(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))), expected);
});

test('an empty stream has no events', async () => {
  assert.deepEqual(await read([]), []);
  assert.deepEqual(await read([Buffer.from('\n\n\n')]), []);
});
