import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually, startApp, type TestApp, zipOf } from '../app/start-app.js';

const files = { 'index.mjs': 'export default () => 1' };

describe('uploads', () => {
  let server: TestApp;
  const path = '/api/v1/functions/up/lanes/latest/versions';
  const zip = { 'content-type': 'application/zip' };
  before(async () => {
    server = await startApp({ LANEWAY_MAX_UPLOAD: '1MiB' });
  });
  after(() => server.close());

  const nothingStays = () => {
    const store = join(server.folder, 'store');
    assert.deepEqual(
      readdirSync(store).filter((name) => name !== '.laneway'),
      [],
    );
    assert.deepEqual(readdirSync(join(store, '.laneway/tmp')), []);
    return true;
  };

  for (const [what, body, headers, status, code] of [
    ['no zip', 'hello', zip, 400, 'zip_invalid'],
    ['nothing', '', zip, 400, 'zip_empty'],
    ['a zip over the limit', new Uint8Array(2 * 2 ** 20), zip, 413, 'zip_too_large'],
    ['JSON', '{}', { 'content-type': 'application/json' }, 415, 'media_type_not_supported'],
    ['a broken multipart', 'x', { 'content-type': 'multipart/form-data; boundary=b' }, 400, 'upload_truncated'],
  ] as const) {
    test(`${what} is refused with ${code} and nothing stays behind`, async () => {
      const answer = await server.ask('POST', path, { body: body as string, headers });
      assert.equal(((await answer.json()) as { error: { code: string } }).error.code, code);
      assert.equal(answer.status, status);
      nothingStays();
    });
  }

  test('an upload without a length over the limit is refused while it streams', async () => {
    const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) });
    const answer = await server.ask('POST', path, { body: endless, headers: zip }).catch(() => null);
    // A client that is still sending may see the connection end instead of the answer.
    if (answer !== null) assert.equal(answer.status, 413);
    await eventually(async () => nothingStays());
  });

  test('an upload that is given up leaves nothing', async () => {
    const upload = request(server.url + path, {
      method: 'POST',
      headers: { ...zip, authorization: `Bearer ${server.key}`, 'content-length': 5000 },
    });
    upload.on('error', () => undefined);
    upload.write(zipOf(files).subarray(0, 60));
    await eventually(async () => readdirSync(join(server.folder, 'store/.laneway/tmp')).length > 0);
    upload.destroy();
    await eventually(async () => readdirSync(join(server.folder, 'store/.laneway/tmp')).length === 0);
    nothingStays();
  });

  test('twenty uploads of one name at once have twenty numbers', async () => {
    const versions = await Promise.all(Array.from({ length: 20 }, () => server.push('up', files)));
    assert.deepEqual(
      versions.map((version) => Number(version.split('.')[1])).sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
  });

  test('a multipart file is taken as a raw zip is', async () => {
    const form = new FormData();
    form.append('file', new Blob([zipOf(files)]), 'up.zip');
    const answer = await fetch(`${server.url}${path}?new_major=true`, {
      method: 'POST',
      body: form,
      headers: { authorization: `Bearer ${server.key}` },
    });
    assert.equal(answer.status, 201);
    assert.equal(((await answer.json()) as { version: string }).version, '2.1');
  });

  test('a name that differs only in case is refused', async () => {
    const answer = await server.ask('POST', path.replace('/up/', '/UP/'), { body: zipOf(files), headers: zip });
    assert.equal(answer.status, 409);
    assert.equal(((await answer.json()) as { error: { code: string } }).error.code, 'function_name_case');
  });
});
