import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../temporary-folder.js';
import { until } from '../until.js';
import { runFas, type FasResult } from './run-fas.js';

const hello = fileURLToPath(new URL('../../../examples/hello', import.meta.url));

interface Serving {
  home: string;
  stop: (signal: NodeJS.Signals) => Promise<FasResult>;
}

/** `fas serve` as a user starts it, with a home of its own and a free port. */
async function serve(test: TestContext): Promise<Serving> {
  const home = await temporaryFolder(test);
  let child: ChildProcess | null = null;
  let printed = '';
  const ended = runFas(['serve'], {
    home,
    environment: { LANEWAY_PORT: '0', LANEWAY_SPARE_PROCESSES: '0', LANEWAY_DRAIN: '1s' },
    onStart: (started) => {
      child = started;
      started.stdout?.on('data', (bytes) => (printed += String(bytes)));
    },
  });
  const stop = (signal: NodeJS.Signals): Promise<FasResult> => {
    child?.kill(signal);
    return ended;
  };
  test.after(() => stop('SIGKILL'));
  await until(() => printed.includes('try it:'));
  return { home, stop };
}

test('right after the start every command works from any folder, with nothing set up', async (t) => {
  const { home, stop } = await serve(t);
  const empty = await runFas(['list'], { home, cwd: '/' });
  assert.equal(empty.code, 0, empty.stderr);
  const pushed = await runFas(['push', hello], { home, cwd: '/' });
  assert.match(pushed.stdout, /^pushed hello 1\.1 to lane latest/, pushed.stderr);
  const run = await runFas(['run', 'hello', '--payload', '{"name":"Ada"}', '--wait', '--json'], { home, cwd: '/' });
  assert.equal(run.code, 0, run.stderr);
  const answer = JSON.parse(run.stdout) as { id: string; state: string; result: unknown };
  assert.equal(answer.state, 'succeeded');
  assert.deepEqual(answer.result, { greeting: 'Hello, Ada!', version: '1.1' });
  const log = await runFas(['logs', answer.id], { home });
  assert.equal(log.stdout, `greeting Ada in run ${answer.id}\n`);
  const followed = await runFas(['logs', answer.id, '--follow'], { home });
  assert.equal(followed.stdout, log.stdout);
  const list = await runFas(['list', 'hello'], { home });
  assert.match(list.stdout, /^latest +1\.1 +- +- +1$/m);
  const doctor = await runFas(['doctor'], { home });
  assert.match(doctor.stdout, /^ok +server +ready at http:\/\/127\.0\.0\.1:/m);

  await stop('SIGTERM');
  assert.deepEqual(await readdir(join(home, '.local/state/laneway/servers')), []);
  assert.equal((await runFas(['list'], { home })).code, 3);
});

test('a packed zip is pushed into a lane, a new major starts, and the stream of a run is shown', async (t) => {
  const { home } = await serve(t);
  await mkdir(join(home, 'counter'));
  await writeFile(
    join(home, 'counter/index.mjs'),
    `export default async function* () { console.log('counting'); yield 1; yield { two: 2 }; }`,
  );
  await runFas(['pack', 'counter'], { home });
  assert.match((await runFas(['push', 'counter.zip', '--lane', 'dev'], { home })).stdout, /pushed counter 1\.1 to lane dev/);
  const second = await runFas(['push', 'counter.zip', '--lane', 'dev', '--new-version'], { home });
  assert.match(second.stdout, /pushed counter 2\.1 to lane dev/);
  const streamed = await runFas(['run', 'counter', '--lane', 'dev', '--stream'], { home });
  assert.equal(streamed.code, 0, streamed.stderr);
  assert.match(streamed.stdout, /^1\n\{"two":2\}\n/);
  assert.match(streamed.stderr, /^counting$/m);
});

test('what the server refuses is told with its reason and the right exit code', async (t) => {
  const { home } = await serve(t);
  const unknown = await runFas(['run', 'nobody'], { home });
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /no function nobody[\s\S]*fas list/);
  const wrongKey = await runFas(['list'], { home, environment: { LANEWAY_KEY: `lw_abcdefgh_${'x'.repeat(43)}` } });
  assert.equal(wrongKey.code, 4);
  await writeFile(join(home, 'no.zip'), 'this is not a zip');
  const noZip = await runFas(['push', 'no.zip'], { home });
  assert.equal(noZip.code, 1);
  assert.match(noZip.stderr, /not a readable zip/);
  assert.equal((await runFas(['logs', 'x'], { home })).code, 1);
  await cp(hello, join(home, 'a b'), { recursive: true });
  const badName = await runFas(['push', 'a b'], { home });
  assert.match(badName.stderr, /Function name a b is not allowed[\s\S]*--name/);
});

test('a schedule is made, listed, shown, paused, resumed, run and removed', async (t) => {
  const { home } = await serve(t);
  const fas = async (...args: string[]) => {
    const { code, stdout, stderr } = await runFas(['schedules', ...args], { home });
    assert.equal(code, 0, stderr);
    return stdout;
  };
  assert.match((await runFas(['schedules'], { home })).stderr, /no schedules yet/);
  await runFas(['push', hello], { home });
  const cron = ['--cron', '30 2 * * *', '--time-zone', 'Europe/Berlin', '--payload', '{"name":"Ada"}'];
  assert.match(await fas('add', 'hello', '--name', 'nightly', ...cron, '--catch-up', 'none'), /^nightly fires first at \d/);
  await fas('add', 'hello', '--name', 'often', '--every', '1h30m', '--overlap', 'queue');
  const list = await fas();
  assert.match(list, /^NAME +FUNCTION +WHEN +NEXT +FIRED +SKIPPED$/m);
  assert.match(list, /^nightly +hello +30 2 \* \* \* Europe\/Berlin +\d{4}-\S+:30:00Z +0 +0$/m);
  assert.match(list, /^often +hello +every 1h30m +/m);
  assert.ok(
    list.split('\n').every((line) => line.length <= 100),
    list,
  );
  const shown = await fas('get', 'nightly');
  assert.match(shown, /^fires +minute 30, hour 2, .*Europe\/Berlin/m);
  assert.equal(shown.match(/\d{4}-\d\d-\d\dT\d\d:30:00.000Z/g)?.length, 5);
  assert.match(shown, /^payload +\{"name":"Ada"\}$/m);
  const { id } = JSON.parse(await fas('get', 'nightly', '--json')) as { id: string };
  assert.equal(await fas('pause', id), 'nightly is paused\n');
  assert.match(await fas('--function', 'hello'), /^nightly +.* paused /m);
  assert.match(await fas('resume', 'nightly'), /^nightly fires next at \d/);
  const runId = (await fas('run', 'nightly')).trim();
  assert.match((await runFas(['logs', runId, '--follow'], { home })).stdout, /greeting Ada/);
  assert.equal(await fas('remove', 'nightly'), 'removed nightly\n');
  const gone = await runFas(['schedules', 'get', 'nightly'], { home });
  assert.deepEqual([gone.code, gone.stdout], [1, '']);
  assert.match(gone.stderr, /no schedule nightly[\s\S]*fas schedules/);
  const wrong = await runFas(['schedules', 'add', 'hello', '--cron', '61 * * * *'], { home });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /minute: 61/);
});

test('Ctrl-C ends the run on the server, and a run that fails exits with 1', async (t) => {
  const { home } = await serve(t);
  await mkdir(join(home, 'forever'));
  await writeFile(
    join(home, 'forever/index.mjs'),
    `export default () => { console.log('begun'); return new Promise((r) => setTimeout(r, 1e8)); }`,
  );
  await runFas(['push', 'forever'], { home });
  const cancelled = await runFas(['run', 'forever', '--stream'], {
    home,
    onStart: (child) => child.stderr?.on('data', (bytes) => String(bytes).includes('begun') && child.kill('SIGINT')),
  });
  assert.equal(cancelled.code, 1);
  assert.match(cancelled.stderr, /run [0-9a-f-]+ cancelled/);

  await mkdir(join(home, 'broken'));
  await writeFile(join(home, 'broken/index.mjs'), `export default () => { throw new Error('boom'); }`);
  await runFas(['push', 'broken'], { home });
  const failed = await runFas(['run', 'broken', '--wait'], { home });
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /failed \(function_error\): .*boom/);
});

test('a start that can not be ends with one line that says why', async (t) => {
  const { home } = await serve(t);
  const wrong = await runFas(['serve'], { home, environment: { LANEWAY_PORT: 'http' } });
  assert.deepEqual([wrong.code, wrong.stdout], [2, '']);
  assert.match(wrong.stderr, /^fas: LANEWAY_PORT must be [^\n]*\n$/);
  const file = join(home, 'a-file');
  await writeFile(file, '');
  for (const [name, value] of [
    ['DATA', file],
    ['STORE', join(file, 'below')],
    ['HOST', '192.0.2.1'],
    ['HOST', 'nowhere.invalid'],
    ['MIN_ISOLATION', 'sandbox'],
    ['DEFAULT_ISOLATION', 'sandbox'],
  ] as const) {
    const environment = { LANEWAY_DATA: join(home, 'other'), LANEWAY_PORT: '0', [`LANEWAY_${name}`]: value };
    const { code, stderr } = await runFas(['serve'], { home, environment });
    assert.equal(code, 2, stderr);
    assert.match(stderr, new RegExp(`^fas: LANEWAY_${name} must be [^\\n]*${value}[^\\n]*\\n$`));
  }
  const taken = await runFas(['serve'], { home, cwd: '/', environment: { LANEWAY_DATA: join(home, 'data'), LANEWAY_PORT: '0' } });
  assert.notEqual(taken.code, 0);
  assert.match(taken.stderr, /data/);
  assert.doesNotMatch(taken.stderr, /\n {4}at /, 'no stack trace');
});
