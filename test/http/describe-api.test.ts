import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schemaCompilers } from '../../src/http/compile-schemas.js';
import { described } from '../../src/http/describe-api.js';

import { startApp } from '../app/start-app.js';

test('the API text has every native route, with a summary and the shape of refusals, and no other', async (t) => {
  const server = await startApp();
  t.after(() => server.close());
  const { paths } = (await (await server.ask('GET', '/docs/json')).json()) as {
    paths: Record<string, Record<string, { summary?: string; responses: Record<string, unknown> }>>;
  };
  const found = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]) => {
      assert.ok(route.summary, `${method} ${path}`);
      assert.ok(route.responses['default'], `${method} ${path}`);
      return `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
    }),
  );
  assert.deepEqual(found.sort(), Object.keys(described).sort());
});

test('the page of the API is served with its files, and refuses in the shape of every route', async (t) => {
  const server = await startApp();
  t.after(() => server.close());
  const page = await server.ask('GET', '/docs');
  assert.match(await page.text(), /swagger-ui/);
  assert.match(page.headers.get('content-type')!, /^text\/html/);
  assert.match(page.headers.get('x-request-id')!, /./);
  assert.equal((await server.ask('GET', '/docs/static/swagger-ui.css')).status, 200);
  assert.equal((await server.ask('HEAD', '/docs/json')).status, 200);
  assert.equal(await codeOf(server.ask('GET', '/docs/nothing')), 'route_not_found');
  assert.equal(await codeOf(server.ask('POST', '/docs')), 'method_not_allowed');
  assert.equal(await codeOf(fetch(`${server.url}/docs/static/swagger-ui.css`)), 'key_missing');
});

test('every schema of a route compiles, though only those of routes in use are', async (t) => {
  const server = await startApp();
  t.after(() => server.close());
  const { compileValidator, compileSerializer } = schemaCompilers();
  const routes = server.app.server.describedRoutes;
  assert.ok(routes.length > 0);
  for (const { schema } of routes) {
    const { body, params, querystring, response } = schema as Record<string, object | undefined>;
    if (body !== undefined) compileValidator({ schema: body, httpPart: 'body' });
    for (const text of [params, querystring]) if (text !== undefined) compileValidator({ schema: text });
    for (const answer of Object.values(response ?? {})) compileSerializer({ schema: answer as object });
  }
});

async function codeOf(answering: Promise<Response>): Promise<string> {
  return ((await (await answering).json()) as { error: { code: string } }).error.code;
}
