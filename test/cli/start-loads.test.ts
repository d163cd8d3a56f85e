import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../temporary-folder.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Makes a process say on stderr, line by line, which files it has loaded: ES modules at once, CommonJS when it ends. */
const tellLoaded = `
  import Module, { register } from 'node:module';
  import { writeSync } from 'node:fs';
  process.on('exit', () => writeSync(2, Object.keys(Module._cache).map((file) => 'loaded ' + file + '\\n').join('')));
  register('data:text/javascript,' + encodeURIComponent(\`
    import { writeSync } from 'node:fs';
    export function load(url, context, next) {
      writeSync(2, 'loaded ' + url + '\\\\n');
      return next(url, context);
    }
  \`));`;

test('a server on its own loads of its dependencies only those it cannot do without', async (t) => {
  const home = await temporaryFolder(t);
  const hooks = join(home, 'tell-loaded.mjs');
  await writeFile(hooks, tellLoaded);
  const server = spawn(process.execPath, ['--import', hooks, join(root, 'bin/fas.js'), 'serve'], {
    cwd: home,
    env: { PATH: process.env['PATH'], HOME: home, LANEWAY_PORT: '0', LANEWAY_SPARE_THREADS: '0', LANEWAY_SPARE_PROCESSES: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => server.kill('SIGKILL'));
  let told = '';
  server.stderr.on('data', (bytes) => (told += String(bytes)));
  const closed = once(server, 'close');
  const [line] = await once(server.stdout, 'data');
  assert.match(String(line), /listening/);
  server.kill('SIGTERM');
  assert.deepEqual(await closed, [0, null]);

  const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { dependencies: object };
  const packages = new Set(told.split('\n').map((file) => /^loaded .*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]));
  assert.deepEqual(
    Object.keys(dependencies).filter((name) => packages.has(name)),
    ['@fastify/multipart', '@fastify/websocket', 'croner', 'fastify', 'kysely', 'libsql', 'pino', 'yauzl'],
  );
  const modulesOfKysely = told.split('\n').filter((file) => file.startsWith('loaded file:') && file.includes('/kysely/'));
  assert.deepEqual(modulesOfKysely, [], 'kysely is loaded in one way');
});
