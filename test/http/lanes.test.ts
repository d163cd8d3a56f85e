import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApp, type TestApp } from '../app/start-app.js';

const tells = (text: string) => ({
  'index.mjs': `export default () => ${JSON.stringify(text)}`,
  'laneway.json': '{"isolation":"thread"}',
});

describe('lanes', () => {
  let server: TestApp;
  const lane = '/api/v1/functions/f/lanes/latest';
  const json = async (method: string, path: string, body?: unknown) => {
    const answer = await server.ask(method, path, body === undefined ? {} : { json: body });
    return { status: answer.status, body: (answer.status === 204 ? null : await answer.json()) as Record<string, never> };
  };
  const called = async (headers: Record<string, string> = {}) => (await (await server.call('f', {}, headers)).json()) as string;
  before(async () => {
    server = await startApp();
    for (const text of ['one', 'two', 'three']) await server.push('f', tells(text));
  });
  after(() => server.close());

  test('a call without a version gets the newest, with one that one', async () => {
    assert.equal(await called(), 'three');
    assert.equal(await called({ 'x-laneway-version': '1.2' }), 'two');
    assert.equal(await called({ 'x-laneway-version': '1' }), 'three');
  });

  test('a pin rolls back until it is taken away', async () => {
    const { status, body } = await json('PUT', `${lane}/pin`, { version: '1.1' });
    assert.equal(status, 200);
    assert.equal(body['current'], '1.1');
    assert.equal(await called(), 'one');
    assert.equal((await json('DELETE', `${lane}/pin`)).body['current'], '1.3');
    assert.equal(await called(), 'three');
  });

  test('a split sends calls to each of its versions', async () => {
    const split = {
      parts: [
        { version: '1.1', weight: 50 },
        { version: '1.2', weight: 50 },
      ],
    };
    assert.equal((await json('PUT', `${lane}/split`, split)).status, 200);
    const got = new Set<string>();
    for (let call = 0; call < 60; call += 1) got.add(await called());
    assert.deepEqual([...got].sort(), ['one', 'two']);
    assert.equal((await json('DELETE', `${lane}/split`)).body['split'], null);
  });

  test('a split that does not add up, a pin that is not there are refused', async () => {
    const half = {
      parts: [
        { version: '1.1', weight: 50 },
        { version: '1.2', weight: 49 },
      ],
    };
    assert.equal((await json('PUT', `${lane}/split`, half)).status, 400);
    assert.equal((await json('PUT', `${lane}/pin`, { version: '7.7' })).status, 404);
    assert.equal((await json('PUT', `${lane}/pin`, { version: 'x' })).status, 400);
    assert.equal(await called(), 'three');
  });

  test('a promoted version is a new one in the other lane and tells where it came from', async () => {
    const { status, body } = await json('POST', '/api/v1/functions/f/lanes/production/promote', {
      from_lane: 'latest',
      version: '1.2',
    });
    assert.equal(status, 201);
    assert.equal(body['version'], '1.1');
    assert.deepEqual(body['promoted_from'], { lane: 'latest', version: '1.2' });
    assert.equal(await called({ 'x-laneway-lane': 'production' }), 'two');
  });

  test('a deleted version is gone, its number is not used again, one in use stays', async () => {
    await json('PUT', `${lane}/pin`, { version: '1.3' });
    const refused = await json('DELETE', `${lane}/versions/1.3`);
    assert.equal(refused.status, 409);
    await json('DELETE', `${lane}/pin`);
    assert.equal((await json('DELETE', `${lane}/versions/1.3`)).status, 204);
    assert.equal((await server.call('f', {}, { 'x-laneway-version': '1.3' })).status, 404);
    assert.equal(await server.push('f', tells('four')), '1.4');
    assert.equal(await server.push('f', tells('five'), 'latest'), '1.5');
  });

  test('lists tell lanes and versions, and the zip comes back as it was pushed', async () => {
    const { body } = await json('GET', '/api/v1/functions');
    assert.deepEqual(body, { functions: [{ name: 'f', lanes: ['latest', 'production'] }] });
    const listed = (await json('GET', `${lane}/versions`)).body as unknown as { versions: { version: string; sha256: string }[] };
    assert.deepEqual(
      listed.versions.map(({ version }) => version),
      ['1.5', '1.4', '1.2', '1.1'],
    );
    const zip = await server.ask('GET', `${lane}/versions/1.1/artifact`);
    assert.equal(zip.headers.get('etag'), `"${listed.versions.at(-1)!.sha256}"`);
    assert.equal(
      Buffer.from(await zip.arrayBuffer())
        .subarray(0, 2)
        .toString(),
      'PK',
    );
  });
});
