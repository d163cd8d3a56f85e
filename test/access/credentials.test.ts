import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blotOutKeys, findToken, withoutCredentialParameters, withoutCredentials } from '../../src/access/credentials.js';
import { formatKey, makeKey } from '../../src/access/key.js';

const key = formatKey(makeKey());
const other = formatKey(makeKey());
const base64 = (text: string) => Buffer.from(text).toString('base64');

test('a key is found in every form that clients send', () => {
  const forms: Record<string, string>[] = [
    { authorization: `Bearer ${key}` },
    { authorization: `bearer   ${key} ` },
    { authorization: `BEARER ${key}` },
    { authorization: `Token ${key}` },
    { authorization: `Basic ${base64(`${key}:`)}` },
    { authorization: `Basic ${base64(`${key}:x`)}` },
    { authorization: `Basic ${base64(`user:${key}`)}` },
    { authorization: `Basic ${base64(`:${key}`)}` },
    { authorization: `Basic ${base64(key)}` },
    { authorization: `basic ${key}` },
    { 'x-api-key': key },
    { 'x-api-key': ` ${key} ` },
    { token: key },
  ];
  for (const headers of forms) assert.equal(findToken(headers, null), key, JSON.stringify(headers));
});

test('the query counts for sockets only', () => {
  for (const query of [`access_token=${key}`, `?a=1&token=${key}`, `token=x&access_token=${key.replaceAll('_', '%5F')}`]) {
    assert.equal(findToken({}, query), key);
  }
  assert.equal(findToken({}, null), null);
  assert.equal(findToken({}, `key=${key}&Access_Token=${key}`), null);
});

test('a request without credentials has no token', () => {
  const none: Record<string, string | string[] | undefined>[] = [
    {},
    { authorization: '' },
    { authorization: undefined },
    { authorization: 'Bearer' },
    { authorization: 'Bearer  ' },
    { authorization: key },
    { authorization: `Digest ${key}` },
    { authorization: 'Basic !!!' },
    { 'x-api-key': '', token: ' ' },
    { cookie: `token=${key}` },
    { 'x-token': key },
  ];
  for (const headers of none) assert.equal(findToken(headers, ''), null, JSON.stringify(headers));
});

test('a key is preferred to what is none, and something else is a token too, to be refused', () => {
  assert.equal(findToken({ authorization: 'Bearer eyJhbGciOi', 'x-api-key': key }, null), key);
  assert.equal(findToken({ authorization: `Basic ${base64('user:password')}`, token: key }, null), key);
  assert.equal(findToken({ authorization: `Bearer ${key}`, 'x-api-key': other }, null), key);
  assert.equal(findToken({ 'x-api-key': key }, `token=${other}`), key);
  assert.equal(findToken({ authorization: 'Bearer eyJhbGciOi' }, null), 'eyJhbGciOi');
  assert.equal(findToken({ authorization: `Basic ${base64('user:password')}` }, null), 'password');
  assert.equal(findToken({ token: ['lw_a', 'lw_b'] }, null), 'lw_a');
});

test('hostile headers are read in no time worth mentioning', () => {
  const spaces = ' '.repeat(1_000_000);
  assert.equal(findToken({ authorization: `Bearer x${spaces}y` }, null), `x${spaces}y`);
  assert.equal(findToken({ authorization: `${spaces}Basic${spaces}` }, null), null);
  assert.deepEqual(withoutCredentials({ a: 'lw_'.repeat(300_000) }), { a: 'lw_'.repeat(300_000) });
});

test('a function gets no header that carried a credential, whatever its name or spelling', () => {
  const headers = {
    authorization: 'Bearer for-somebody-else',
    'Proxy-Authorization': 'Basic eDp5',
    COOKIE: 'session=1',
    'x-api-key': key,
    token: key,
    'x-original-uri': `/hub?access_token=${key}`,
    referer: `https://x/?token=${key.replaceAll('_', '%5f')}`,
    'sec-websocket-protocol': `v1, ${key}`,
    'x-many': ['a', `b ${key}`],
    'x-absent': undefined,
    'X-Kept': 'yes',
    accept: ['text/html', '*/*'],
  };
  assert.deepEqual(withoutCredentials(headers), { 'x-kept': 'yes', accept: 'text/html, */*' });
  assert.ok(JSON.stringify(headers).includes(key), 'the request itself is untouched');
});

test("somebody else's X-API-Key is the function's business", () => {
  assert.deepEqual(withoutCredentials({ 'x-api-key': 'app', token: 't' }), { 'x-api-key': 'app', token: 't' });
});

test('names that mean something to JavaScript stay plain names', () => {
  const kept = withoutCredentials(JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>);
  assert.deepEqual(Object.keys(kept), ['__proto__', 'constructor']);
  assert.equal(Object.getPrototypeOf(kept), Object.prototype);
});

test('query parameters lose keys and nothing else', () => {
  const parameters = { access_token: key, token: key, q: `a ${key}`, name: 'x', token2: 'mine' };
  assert.deepEqual(withoutCredentialParameters(parameters), { name: 'x', token2: 'mine' });
});

test('a key in a text is blotted out, its id stays', () => {
  const text = blotOutKeys(`tried ${key}, then ?token=${other.replaceAll('_', '%5F')} twice ${key}`);
  for (const token of [key, other]) {
    const [, id, secret] = token.split('_');
    assert.ok(text.includes(id!));
    assert.ok(!text.includes(secret!));
  }
  assert.equal(blotOutKeys('lw_short_x and lwx'), 'lw_short_x and lwx');
});
