import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { closedPort } from '../client/tiny-server.js';
import { runFas } from '../cli/run-fas.js';
import { temporaryFolder } from '../temporary-folder.js';

const serve = async (home: string, args: string[], environment: Record<string, string> = {}) => {
  const { code, stdout, stderr } = await runFas(['serve', ...args], { home, environment: { LANEWAY_PORT: '0', ...environment } });
  return [code, stdout, stderr];
};

test('several processes without Redis and PostgreSQL are refused, by flag and by setting', async (t) => {
  const home = await temporaryFolder(t);
  const refusal = [2, '', 'fas: LANEWAY_SERVER_PROCESSES must be 1 without LANEWAY_REDIS_URL and LANEWAY_DATABASE_URL, not 2\n'];
  assert.deepEqual(await serve(home, ['--processes', '2']), refusal);
  assert.deepEqual(await serve(home, [], { LANEWAY_SERVER_PROCESSES: '2' }), refusal);
});

test('a count that is none is refused', async (t) => {
  const home = await temporaryFolder(t);
  for (const count of ['0', '65', 'many', '-1']) {
    const [code, stdout, stderr] = await serve(home, [`--processes=${count}`]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(
      String(stderr),
      new RegExp(`^fas: LANEWAY_SERVER_PROCESSES must be a whole number from 1 to 64, not "${count}"\n$`),
    );
  }
});

test('what keeps the first from starting is said once, and ends the parent with its exit code', async (t) => {
  const home = await temporaryFolder(t);
  const urls = {
    LANEWAY_REDIS_URL: `redis://127.0.0.1:${await closedPort()}`,
    LANEWAY_DATABASE_URL: `postgres://nobody@127.0.0.1:${await closedPort()}/none`,
  };
  const [code, stdout, stderr] = await serve(home, ['--processes', '2'], urls);
  assert.deepEqual([code, stdout], [1, '']);
  assert.equal(String(stderr).match(/^fas: /gm)?.length, 1, String(stderr));
});

test('the parent loads nothing of a server', async (t) => {
  const home = await temporaryFolder(t);
  const hooks = join(home, 'tell-loaded.mjs');
  await writeFile(
    hooks,
    `import { register } from 'node:module';
     register('data:text/javascript,' + encodeURIComponent(\`
       import { writeSync } from 'node:fs';
       export function load(url, context, next) {
         writeSync(2, 'loaded ' + process.pid + ' ' + url + '\\\\n');
         return next(url, context);
       }
     \`));`,
  );
  let parent = 0;
  const { stderr } = await runFas(['serve'], {
    home,
    environment: { LANEWAY_SERVER_PROCESSES: '2', NODE_OPTIONS: `--import ${hooks}` },
    onStart: (child) => (parent = child.pid!),
  });
  const loaded = [...stderr.matchAll(/^loaded (\d+) file:.*\/(?:dist\/src|node_modules)\/(.*)$/gm)];
  const folders = (isParent: boolean) =>
    new Set(loaded.filter((match) => (Number(match[1]) === parent) === isParent).map((match) => match[2]!.split('/')[0]));
  assert.deepEqual(folders(true), new Set(['end-signals.js', 'cli', 'client', 'processes', 'close-inherited.js', 'runtime']));
  assert.ok(folders(false).has('main.js'), 'a server loads more');
});
