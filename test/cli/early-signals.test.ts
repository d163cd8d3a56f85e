import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../temporary-folder.js';

const fas = fileURLToPath(new URL('../../../bin/fas.js', import.meta.url));

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`clean-drain: ${signal} while the server is still being loaded is a clean end`, async (t) => {
    const home = await temporaryFolder(t);
    const hooks = join(home, 'hooks.mjs');
    // Says when the server's code is about to be loaded, and lets it never arrive.
    await writeFile(
      hooks,
      `import { register } from 'node:module';
       register('data:text/javascript,' + encodeURIComponent(\`
         import { writeSync } from 'node:fs';
         export async function load(url, context, next) {
           if (!url.endsWith('/dist/src/main.js')) return next(url, context);
           writeSync(2, 'loading');
           await new Promise((resolve) => setTimeout(resolve, 600_000));
         }
       \`));`,
    );
    const server = spawn(process.execPath, ['--import', hooks, fas, 'serve'], {
      cwd: home,
      env: { PATH: process.env['PATH'], HOME: home },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    t.after(() => server.kill('SIGKILL'));
    const exited = once(server, 'exit');
    await once(server.stderr, 'data');
    server.kill(signal);
    assert.deepEqual(await exited, [0, null]);
  });
}
