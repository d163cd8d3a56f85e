import assert from 'node:assert/strict';
import { test } from 'node:test';
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
