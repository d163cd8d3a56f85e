import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FtpMirror } from '../../src/store/ftp-mirror.js';
import { RemoteListings } from '../../src/store/remote-listings.js';

test('however many unknown names are asked for, the shared store is asked once', async () => {
  const asked: string[] = [];
  const mirror = {
    functions: () => Promise.resolve((asked.push('/'), ['hello'])),
    lanes: (name: string) => Promise.resolve((asked.push(name), ['latest'])),
  } as unknown as FtpMirror;
  const listings = new RemoteListings(mirror);
  const names = Array.from({ length: 500 }, (_, at) => `unknown${at}`);
  const found = await Promise.all(names.map((name) => listings.hasLane(name, 'latest', 60_000)));
  assert.ok(!found.includes(true));
  for (const name of names) assert.equal(await listings.hasLane('hello', name, 60_000), false);
  assert.equal(await listings.hasLane('hello', 'latest', 60_000), true);
  assert.deepEqual(asked, ['/', 'hello']);
  await listings.hasLane('hello', 'latest', 0);
  assert.deepEqual(asked, ['/', 'hello', '/', 'hello']);
});

test('a listing that fails is asked for again by the next', async () => {
  let calls = 0;
  const functions = () => (++calls === 1 ? Promise.reject(new Error('down')) : Promise.resolve(['hello']));
  const listings = new RemoteListings({ functions } as unknown as FtpMirror);
  await assert.rejects(listings.functions(60_000), /down/);
  assert.ok((await listings.functions(60_000)).has('hello'));
});
