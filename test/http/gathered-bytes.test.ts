import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MessageSplitter } from '../../src/dialects/sharpfaas/hub/hub-protocol.js';
import { GatheredBytes } from '../../src/http/gathered-bytes.js';
import { readText } from '../../src/http/read-body.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const pieces = 300_000;
/** As pieces they take more than a hundred bytes each. */
const bound = 20 * pieces;

function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function onePiece(): Buffer {
  return Buffer.from(' ');
}

test('pieces come out as one, in order, and the next starts anew', () => {
  const gathered = new GatheredBytes();
  const texts = ['', 'a', 'bc', '', 'defghijklmnop', 'q'];
  for (const text of texts) gathered.add(Buffer.from(text));
  assert.equal(gathered.size, 17);
  assert.equal(String(gathered.take()), texts.join(''));
  assert.equal(gathered.size, 0);
  gathered.add(Buffer.from('x'));
  assert.equal(String(gathered.take()), 'x');
});

test('what was handed in first is not written to', () => {
  const shared = Buffer.from('abcdef');
  const gathered = new GatheredBytes();
  gathered.add(shared.subarray(0, 2));
  gathered.add(Buffer.from('XY'));
  assert.equal(String(gathered.take()), 'abXY');
  assert.equal(String(shared), 'abcdef');
});

test('a body that comes byte by byte takes the memory of its bytes', async () => {
  let sent = 0;
  let atEnd = 0;
  const before = usedBytes();
  const body = new Readable({
    highWaterMark: 1,
    read() {
      if (sent < pieces) this.push(onePiece());
      else {
        atEnd = usedBytes();
        this.push(null);
      }
      sent += 1;
    },
  });
  const text = await readText(Object.assign(body, { headers: {}, complete: true }) as unknown as IncomingMessage, pieces);
  assert.equal(text.length, pieces);
  assert.ok(atEnd - before < bound, `${atEnd - before} bytes for ${pieces}`);
});

test('a hub message that comes byte by byte takes the memory of its bytes', () => {
  const splitter = new MessageSplitter(pieces);
  const before = usedBytes();
  for (let sent = 0; sent < pieces; sent += 1) assert.equal(splitter.messagesIn(onePiece()).next().done, true);
  const used = usedBytes() - before;
  assert.ok(used < bound, `${used} bytes for ${pieces}`);
  assert.equal([...splitter.messagesIn(Buffer.from([0x1e]))][0]!.length, pieces);
});

test('a body that breaks off is told as such', async () => {
  const body = Object.assign(new Readable({ read: () => undefined }), { headers: {}, complete: false });
  const text = readText(body as unknown as IncomingMessage, 10);
  body.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
  await assert.rejects(text, { code: 'upload_truncated' });
});
