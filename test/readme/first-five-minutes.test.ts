import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { findFreePort } from '../servers/free-port.js';

const root = new URL('../../../', import.meta.url).pathname;

/** The shell blocks under a heading of the README, as they are printed. */
function shellBlocks(heading: string): string[] {
  const section = readFileSync(join(root, 'README.md'), 'utf8').split(`## ${heading}\n`)[1]!.split('\n## ')[0]!;
  return [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1]!);
}

test('in a fresh clone the README works as printed', { timeout: 280_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'laneway-readme-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clone = join(folder, 'laneway');
  execFileSync('git', ['clone', '--quiet', root, clone]);
  const port = String(await findFreePort());
  const environment = {
    PATH: process.env['PATH'],
    HOME: folder,
    LANEWAY_PORT: port,
    npm_config_cache: process.env['npm_config_cache'],
  };

  const [start] = shellBlocks('Two commands')[0]!.split('#');
  const server = spawn('bash', ['-c', `exec ${start!.replace('npm start', 'exec npm start')}`.replace('exec npm ci', 'npm ci')], {
    cwd: clone,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(async () => {
    const ended = once(server, 'exit');
    process.kill(-server.pid!, 'SIGTERM');
    await ended;
  });
  const printed: string[] = [];
  for await (const line of createInterface({ input: server.stdout })) {
    printed.push(line);
    if (line.includes('curl -H')) break;
  }
  server.stdout.resume();
  assert.ok(printed.includes(`laneway listening on http://127.0.0.1:${port}`), printed.join('\n'));
  const key = readFileSync(join(clone, 'data/admin-key'), 'utf8').trim();
  assert.ok(printed.includes(`admin key: ${key}`));
  const pasted = printed.find((line) => line.includes('curl -H'))!;
  assert.equal(
    execFileSync('bash', ['-c', pasted], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    '{"functions":[]}',
  );

  const [byCurl, byCommand] = shellBlocks('The first five minutes') as [string, string];
  const run = (script: string) =>
    execFileSync('bash', ['-ec', script.replaceAll('8080', port)], { cwd: clone, env: environment, encoding: 'utf8' });
  const answers = run(byCurl);
  assert.match(answers, /"version":"1\.1"/);
  assert.match(answers, /"greeting":"Hello, Ada!"/);
  assert.match(answers, /"state":"succeeded"/);
  assert.match(answers, /greeting Ada/);
  const commands = run(byCommand);
  assert.match(commands, /1\.2/);
  assert.match(commands, /"greeting":"Hello, Ada!","version":"1\.2"/);
  assert.match(commands, /hello +latest/);
});
