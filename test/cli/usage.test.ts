import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { temporaryFolder } from '../temporary-folder.js';
import { closedPort } from '../client/tiny-server.js';
import { runFas } from './run-fas.js';

const commandFolder = fileURLToPath(new URL('../../src/cli/commands', import.meta.url));
const commands = readdirSync(commandFolder)
  .filter((file) => file.endsWith('.js'))
  .map((file) => file.slice(0, -3));

test('help lists every command and ends well', async (t) => {
  const home = await temporaryFolder(t);
  const { code, stdout, stderr } = await runFas(['--help'], { home });
  assert.deepEqual([code, stderr], [0, '']);
  assert.ok(commands.length > 5);
  for (const command of commands) assert.match(stdout, new RegExp(`^  ${command} `, 'm'));
  for (const group of ['runs', 'dead-letters', 'limits']) assert.match(stdout, new RegExp(`^  ${group} `, 'm'));
  for (const flag of ['--url', '--key', '--json']) assert.ok(stdout.includes(flag));
});

test('every command has help of its own', async (t) => {
  const home = await temporaryFolder(t);
  for (const command of commands) {
    const { code, stdout } = await runFas([command, '--help'], { home });
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^Usage: fas ${command}`));
  }
});

test('help loads no code of the server', async (t) => {
  const home = await temporaryFolder(t);
  const trace = join(home, 'loaded.mjs');
  await writeFile(
    trace,
    `import { register } from 'node:module';
     register('data:text/javascript,' + encodeURIComponent(\`
       import { writeSync } from 'node:fs';
       export async function load(url, context, next) { writeSync(2, url + '\\\\n'); return next(url, context); }
     \`));`,
  );
  const { stderr } = await runFas(['--help'], { home, environment: { NODE_OPTIONS: `--import ${trace}` } });
  const loaded = stderr.split('\n').filter((line) => line.includes('/dist/src/'));
  assert.ok(loaded.length > 0, stderr);
  for (const url of loaded) assert.match(url, /\/dist\/src\/(cli|client|contract)\//);
});

test('wrong arguments exit with 2 and say what is allowed', async (t) => {
  const home = await temporaryFolder(t);
  const wrong: [string[], RegExp][] = [
    [[], /Usage: fas/],
    [['fly'], /unknown command 'fly'/],
    [['list', '--nope'], /unknown option '--nope'/],
    [['pack'], /missing required argument 'folder'/],
    [['run'], /missing required argument 'function'/],
    [['list', 'a', 'b'], /too many arguments/],
    [['push', '.', '--type', 'so'], /Allowed choices are dll, exe/],
    [['push', 'nowhere'], /there is no file or folder nowhere/],
    [['push', '/', '--lane', 'dev'], /has no name to take for the function.*\n.*--name/],
    [['run', 'hello', '--payload', '{'], /the payload is not JSON/],
    [['run', 'hello', '--payload', '@nowhere'], /the payload can not be read/],
    [['events', 'fly'], /too many arguments|unknown command/],
    [['events', 'publish'], /missing required argument 'event'/],
    [['schedules', 'fly'], /too many arguments|unknown command/],
    [['schedules', 'add'], /missing required argument 'function'/],
    [['schedules', 'add', 'f', '--overlap', 'never'], /Allowed choices are skip, queue, cancel_previous/],
    [['schedules', 'add', 'f', '--every', 'day'], /"day" is no duration/],
    [['schedules', 'pause'], /missing required argument 'id-or-name'/],
    [['list', '--url', 'ftp://x'], /is not the URL of a server/],
    [['list', '--url', 'http://user:password@x'], /is not the URL of a server/],
    [['list', '--url', 'nonsense'], /is not the URL of a server/],
  ];
  for (const [args, says] of wrong) {
    const { code, stdout, stderr } = await runFas(args, { home });
    assert.equal(code, 2, args.join(' ') + stderr);
    assert.match(stderr, says);
    assert.equal(stdout, '');
    assert.doesNotMatch(stderr, /\n {4}at /, 'no stack trace');
  }
});

test('no server exits with 3 and says how to start or name one', async (t) => {
  const home = await temporaryFolder(t);
  const none = await runFas(['list'], { home });
  assert.equal(none.code, 3);
  assert.match(none.stderr, /no server of yours is running[\s\S]*npm start[\s\S]*LANEWAY_URL/);
  const url = `http://127.0.0.1:${await closedPort()}`;
  for (const given of [{ args: ['list', '--url', url] }, { args: ['list'], environment: { LANEWAY_URL: url } }]) {
    const { code, stderr } = await runFas(given.args, { home, ...(given.environment && { environment: given.environment }) });
    assert.equal(code, 3);
    assert.match(stderr, /cannot reach http[^\n]*ECONNREFUSED[\s\S]*npm start/);
  }
});

test('with --json an error is JSON too', async (t) => {
  const { code, stderr } = await runFas(['list', '--json'], { home: await temporaryFolder(t) });
  assert.equal(code, 3);
  assert.deepEqual(Object.keys((JSON.parse(stderr) as { error: object }).error), ['code', 'message', 'next']);
});
