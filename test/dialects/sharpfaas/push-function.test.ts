import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { ReadableStream } from 'node:stream/web';
import { test } from 'node:test';
import { LanewayError } from '../../../src/errors.js';
import { until } from '../../until.js';
import { maxUploadBytes, serve } from './server.js';

const auth = { authorization: 'Bearer all' };
const url = '/api/Function/PushFunction?functionName=mail&lane=dev&type=dll&newVersion=true';

interface Part {
  name: string;
  file?: string;
  content: string | Buffer;
}
const zipPart: Part = { name: 'file', file: 'mail.zip', content: 'PK' };

function multipart(...parts: Part[]): { headers: Record<string, string>; payload: Buffer } {
  const pieces = parts.flatMap(({ name, file, content }) => [
    Buffer.from(
      `--x\r\ncontent-disposition: form-data; name="${name}"${file === undefined ? '' : `; filename="${file}"`}\r\n\r\n`,
    ),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
  return {
    headers: { ...auth, 'content-type': 'multipart/form-data; boundary=x' },
    payload: Buffer.concat([...pieces, Buffer.from('--x--\r\n')]),
  };
}

test('a zip is streamed into the store and told in the one sentence', async (t) => {
  const { app, store } = await serve(t);
  const content = Buffer.alloc(80_000, 'zip');
  const answer = await app.inject({ method: 'POST', url, ...multipart({ ...zipPart, content }) });
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal(answer.body, 'Saved function mail to function store in lane: dev as version 2.1');
  const { request, bytes } = store.kept[0]!;
  assert.deepEqual(bytes, content);
  assert.deepEqual(
    [request.function, request.lane, request.newMajor, request.type, request.pushedBy],
    ['mail', 'dev', true, 'dll', 'all'],
  );
  assert.deepEqual(store.audited, ['all version.push mail/dev/2.1']);
});

test('lane, type and newVersion have defaults', async (t) => {
  const { app, store } = await serve(t);
  const answer = await app.inject({ method: 'POST', url: '/api/pushfunction?functionname=mail', ...multipart(zipPart) });
  assert.equal(answer.body, 'Saved function mail to function store in lane: latest as version 1.1');
  assert.equal(store.kept[0]!.request.type, null);
});

test('scalars may come as form fields before the file; the query comes first', async (t) => {
  const { app, store } = await serve(t);
  const fields = [
    { name: 'FunctionName', content: 'mail' },
    { name: 'lane', content: 'form' },
    { name: 'newVersion', content: 'True' },
  ];
  await app.inject({ method: 'POST', url: '/api/pushfunction?lane=query', ...multipart(...fields, zipPart) });
  const { request } = store.kept[0]!;
  assert.deepEqual([request.function, request.lane, request.newMajor], ['mail', 'query', true]);
});

test('other parts are passed over, before and after the file', async (t) => {
  const { app, store } = await serve(t);
  const other = { name: 'readme', file: 'a.txt', content: 'x'.repeat(50_000) };
  const answer = await app.inject({
    method: 'POST',
    url,
    ...multipart(other, zipPart, other, { name: 'lane', content: 'late' }),
  });
  assert.equal(answer.statusCode, 200);
  assert.equal(store.kept[0]!.bytes.toString(), 'PK');
});

test('the checks come in their order, each with its own answer', async (t) => {
  const { app, store } = await serve(t);
  const push = async (query: string, part: Part) => {
    const answer = await app.inject({ method: 'POST', url: `/api/pushfunction?functionName=mail&${query}`, ...multipart(part) });
    assert.equal(answer.statusCode, 400);
    return [answer.headers['content-type'], answer.body];
  };
  const plain = 'text/plain; charset=utf-8';
  const json = 'application/json; charset=utf-8';
  const empty = { name: 'file', file: 'x.tar', content: '' };
  for (const type of ['DLL', '1', 'zip', '']) {
    assert.deepEqual(await push(`type=${type}`, empty), [json, `{"message":"Invalid function extension: ${type}"}`]);
  }
  assert.deepEqual(await push('type=%20exe%20', empty), [plain, 'Empty file']);
  assert.deepEqual(await push('type=exe', { ...empty, content: 'PK' }), [
    json,
    '{"message":"Invalid file extension. This endpoint only supports .zip files."}',
  ]);
  assert.match((await push('', { ...zipPart, file: 'x.ZIP' }))[1] as string, /Invalid file extension/);
  assert.equal(store.kept.length, 0);
  const noDot = await app.inject({ method: 'POST', url, ...multipart({ ...zipPart, file: 'myzip' }) });
  assert.equal(noDot.statusCode, 200);
});

test('what is missing or blank is a validation problem', async (t) => {
  const { app, store } = await serve(t);
  const nothing = await app.inject({
    method: 'POST',
    url: '/api/pushfunction?newVersion=&lane=',
    ...multipart({ name: 'file', content: 'no file name' }),
  });
  assert.equal(nothing.statusCode, 400);
  assert.equal(nothing.headers['content-type'], 'application/problem+json; charset=utf-8');
  assert.deepEqual(Object.entries(nothing.json<{ errors: object }>().errors), [
    ['file', ['The file field is required.']],
    ['lane', ['The lane field is required.']],
    ['newVersion', ["The value '' is invalid."]],
    ['functionName', ['The functionName field is required.']],
  ]);
  const number = await app.inject({
    method: 'POST',
    url: '/api/pushfunction?functionName=mail&newVersion=x',
    ...multipart(zipPart),
  });
  assert.deepEqual(number.json<{ errors: object }>().errors, { newVersion: ["The value 'x' is not valid."] });
  assert.equal(store.kept.length, 0);
});

test('names that lead out of their folder are refused', async (t) => {
  const { app, store } = await serve(t);
  const wrong = [
    ['functionName=..', 'function_name_invalid'],
    ['functionName=a%2Fb', 'function_name_invalid'],
    ['functionName=a%00', 'function_name_invalid'],
    ['functionName=%E2%80%AEmail', 'function_name_invalid'],
    [`functionName=${'a'.repeat(129)}`, 'function_name_invalid'],
    ['functionName=mail&lane=a%5Cb', 'lane_name_invalid'],
    ['functionName=mail&lane=a..b', 'lane_name_invalid'],
  ];
  for (const [query, code] of wrong) {
    const answer = await app.inject({ method: 'POST', url: `/api/pushfunction?${query}`, ...multipart(zipPart) });
    assert.equal(answer.statusCode, 400);
    assert.equal(answer.json<{ error: { code: string } }>().error.code, code, query);
  }
  assert.equal(store.kept.length, 0);
});

test('a refusal of the store is told as it is, and a key that is not for the function pushes nothing', async (t) => {
  const { app, store } = await serve(t);
  store.refusal = new LanewayError('zip_symlink', { entry: 'a' });
  const hostile = await app.inject({ method: 'POST', url, ...multipart({ ...zipPart, content: Buffer.alloc(90_000) }) });
  assert.equal(hostile.statusCode, 400);
  assert.equal(hostile.json<{ error: { code: string } }>().error.code, 'zip_symlink');
  const { payload, headers } = multipart({ name: 'functionName', content: 'bank' }, zipPart);
  const bound = await app.inject({
    method: 'POST',
    url: '/api/pushfunction',
    payload,
    headers: { ...headers, authorization: 'Bearer mail' },
  });
  assert.equal(bound.statusCode, 403);
});

test('what is no multipart is a 415', async (t) => {
  const { app } = await serve(t);
  for (const headers of [auth, { ...auth, 'content-type': 'application/zip' }]) {
    const answer = await app.inject({ method: 'POST', url, headers, payload: Buffer.from('PK') });
    assert.equal(answer.statusCode, 415);
  }
  const noBoundary = await app.inject({
    method: 'POST',
    url,
    headers: { ...auth, 'content-type': 'multipart/form-data' },
    payload: 'x',
  });
  assert.equal(noBoundary.statusCode, 400);
});

test('a zip over the limit is a 413, told before it is all there', async (t) => {
  const { app, store } = await serve(t);
  const exact = await app.inject({ method: 'POST', url, ...multipart({ ...zipPart, content: Buffer.alloc(maxUploadBytes) }) });
  assert.equal(exact.statusCode, 200);
  const over = await app.inject({ method: 'POST', url, ...multipart({ ...zipPart, content: Buffer.alloc(maxUploadBytes + 1) }) });
  assert.equal(over.statusCode, 413);
  assert.equal(over.json<{ error: { code: string } }>().error.code, 'zip_too_large');
  const announced = { ...multipart(zipPart).headers, 'content-length': String(maxUploadBytes * 100) };
  assert.equal((await app.inject({ method: 'POST', url, headers: announced, payload: 'x' })).statusCode, 413);
  assert.equal(store.kept.length, 1);
});

test('a form field over its limit is refused', async (t) => {
  const { app } = await serve(t);
  const answer = await app.inject({ method: 'POST', url, ...multipart({ name: 'lane', content: 'l'.repeat(5000) }, zipPart) });
  assert.equal(answer.statusCode, 400);
  const many = Array.from({ length: 40 }, (_, at) => ({ name: `f${at}`, content: 'x' }));
  assert.equal((await app.inject({ method: 'POST', url, ...multipart(...many, zipPart) })).statusCode, 400);
});

test('an upload cut off at any byte is refused and not kept', async (t) => {
  const { app, store } = await serve(t);
  const { payload, headers } = multipart(zipPart, { name: 'after', content: 'y' });
  for (let length = 1; length < payload.length - 4; length += 1) {
    const answer = await app.inject({ method: 'POST', url, headers, payload: payload.subarray(0, length) });
    assert.equal(answer.statusCode, 400, `${length} of ${payload.length}: ${answer.body}`);
  }
  assert.equal(store.kept.length, 0);
});

test('an upload that the client gives up fails in the store', async (t) => {
  const { listen, store } = await serve(t);
  const base = new URL(await listen());
  const { payload } = multipart({ ...zipPart, content: Buffer.alloc(90_000) });
  const socket = connect(Number(base.port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    `POST ${url} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer all\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: ${payload.length}\r\n\r\n`,
  );
  socket.write(payload.subarray(0, 50_000), () => socket.destroy());
  await until(() => store.failed.length === 1);
  assert.equal((store.failed[0] as LanewayError).code, 'upload_truncated');
  assert.equal(store.kept.length, 0);
});

test('an answer before the end of the upload leaves the connection usable once the rest has come', async (t) => {
  const { listen } = await serve(t);
  const base = new URL(await listen());
  const { payload } = multipart({ ...zipPart, content: Buffer.alloc(90_000) });
  const socket = connect(Number(base.port), '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  const head = `host: x\r\nauthorization: Bearer all\r\n`;
  socket.write(
    `POST /api/pushfunction?functionName=mail&type=DLL HTTP/1.1\r\n${head}content-type: multipart/form-data; boundary=x\r\ncontent-length: ${payload.length}\r\n\r\n`,
  );
  socket.write(payload.subarray(0, 500));
  let answers = '';
  socket.on('data', (chunk) => (answers += chunk.toString()));
  await until(() => answers.includes('Invalid function extension: DLL'));
  socket.write(payload.subarray(500));
  socket.write(`GET /api/getserverstatus HTTP/1.1\r\n${head}\r\n`);
  await until(() => answers.includes('{"status":"Active"}'));
});

test('a file that is whole is not kept when the upload around it is cut off later', async (t) => {
  const { listen, store } = await serve(t);
  const base = await listen();
  const { payload, headers } = multipart(zipPart, { name: 'after', content: 'y' });
  const fileEnds = payload.indexOf('--x\r\n', 10) + 20;
  async function* pieces() {
    yield payload.subarray(0, fileEnds);
    // The file has reached the store by then.
    await new Promise((resolve) => setTimeout(resolve, 50));
    yield payload.subarray(fileEnds, -6);
  }
  const answer = await fetch(base + url, { method: 'POST', headers, body: ReadableStream.from(pieces()), duplex: 'half' });
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /upload_truncated/);
  assert.equal(store.kept.length, 0);
});

test('the answer of a refusal reaches a client that is still sending', async (t) => {
  const { listen, store } = await serve(t);
  const base = await listen();
  store.refusal = new LanewayError('zip_invalid', { problem: 'x' });
  const { payload, headers } = multipart({ ...zipPart, content: Buffer.alloc(99_000) });
  const answer = await fetch(base + url, { method: 'POST', headers, body: payload });
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /zip_invalid/);
});
