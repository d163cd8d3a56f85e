import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RunView } from '../../src/contract/api/runs.js';
import { eventually, startApp, type TestApp } from '../app/start-app.js';
import { type FasResult, runFas } from './run-fas.js';

const fails = { 'index.mjs': `export default () => { throw new Error('not today'); };` };
const echoes = { 'index.mjs': `export default (payload) => payload;` };

describe('runs, dead letters and limits from the command line', () => {
  let app: TestApp;
  let home: string;
  const fas = (...args: string[]): Promise<FasResult> =>
    runFas(args, { home, environment: { LANEWAY_URL: app.url, LANEWAY_KEY: app.key } });
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await fas(...args);
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout.trimEnd();
  };
  const get = async (id: string) => JSON.parse(await ok('runs', 'get', id, '--json')) as RunView;
  const ended = (id: string, state: RunView['state']) =>
    eventually(async () => {
      const run = (await (await app.ask('GET', `/api/v1/runs/${id}`)).json()) as RunView;
      return run.state === state && run;
    });

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'laneway-cli-'));
    app = await startApp();
    await app.push('fails', fails);
    await app.push('echoes', echoes);
    await app.push('echoes', echoes, 'dev');
  });
  after(async () => {
    await app.close();
    await rm(home, { recursive: true, force: true });
  });

  test('a run is shown with where its time went', async () => {
    const id = await ok('run', 'echoes', '--payload', '1');
    await ended(id, 'succeeded');
    const shown = await ok('runs', 'get', id);
    assert.match(shown, new RegExp(`^run +${id}\nfunction +echoes 1\\.1, lane latest\nmode +queued, by http`));
    assert.match(shown, /^attempts +1, 0 failed and repeated$/m);
    for (const stage of [
      'waited in the queue',
      'fetched the version',
      'waited for a worker',
      'started (cold: first_call)',
      'ran',
      'recorded',
    ]) {
      const line = shown.split('\n').find((each) => each.startsWith(`  ${stage}`));
      assert.match(line ?? '', /\d ms|\d s/, `${stage} in:\n${shown}`);
    }
    const { timings } = await get(id);
    assert.equal(timings!.cold, 'first_call');
    const again = await ok('run', 'echoes', '--payload', '2');
    await ended(again, 'succeeded');
    assert.match(await ok('runs', 'get', again), /^ {2}started \(warm\)/m);
  });

  test('what a queued run is asked for besides reaches it', async () => {
    const [id, same] = [
      await ok(
        'run',
        'echoes',
        '--idempotency-key',
        'k 1',
        '--delay',
        '1h',
        '--retries',
        '2',
        '--expires-after',
        '2h',
        '--priority',
        '-3',
      ),
      await ok(
        'run',
        'echoes',
        '--idempotency-key',
        'k 1',
        '--delay',
        '1h',
        '--retries',
        '2',
        '--expires-after',
        '2h',
        '--priority',
        '-3',
      ),
    ];
    assert.equal(same, id);
    const run = await get(id);
    assert.deepEqual([run.state, run.priority], ['queued', -3]);
    assert.equal(Date.parse(run.due_at) - Date.parse(run.created_at), 3_600_000);
    assert.equal(Date.parse(run.expires_at!) - Date.parse(run.created_at), 7_200_000);
    assert.equal((run.retries as { attempts: number }).attempts, 3);
    const later = await get(await ok('run', 'echoes', '--at', '2099-01-31T08:00:00Z'));
    assert.equal(later.due_at.slice(0, 19), '2099-01-31T08:00:00');
    assert.match(await ok('runs', 'get', later.id), /^due +2099-01-31/m);
    assert.equal(await ok('runs', 'cancel', id), `run ${id} cancelled`);
    assert.match((await fas('runs', 'cancel', id)).stderr, /has ended as cancelled/);
  });

  test('runs are listed by function, lane and state, and cancelled together', async () => {
    const ids = await Promise.all([1, 2].map(() => ok('run', 'echoes', '--lane', 'dev', '--delay', '1h')));
    const listed = await ok('runs', 'list', '--function', 'echoes', '--lane', 'dev', '--state', 'queued');
    assert.deepEqual(
      listed
        .split('\n')
        .slice(1)
        .map((line) => line.split(/ {2,}/).slice(1, 5)),
      ids.map(() => ['echoes', 'dev', '1.1', 'queued']),
    );
    const first = await fas('runs', 'list', '--lane', 'dev', '--limit', '1');
    assert.match(first.stderr, /--limit/);
    assert.equal(first.stdout.trimEnd().split('\n').length, 2);
    assert.equal(await ok('runs', 'cancel', '--function', 'echoes', '--lane', 'dev', '--all'), 'cancelled 2');
    assert.equal((await get(ids[0]!)).state, 'cancelled');
    assert.match((await fas('runs', 'list', '--lane', 'dev', '--state', 'queued')).stderr, /no runs that fit/);
  });

  test('dead letters are listed, counted, shown, redriven and purged', async () => {
    const ids = [await ok('run', 'fails'), await ok('run', 'fails'), await ok('run', 'fails')];
    for (const id of ids) await ended(id, 'failed');
    assert.equal((await ok('dead-letters', 'list', '--function', 'fails')).split('\n').length, 4);
    assert.match(await ok('dead-letters', 'count'), /^fails +latest +3$/m);
    assert.match(
      await ok('dead-letters', 'show', ids[0]!),
      /^state +failed: function_error\n[\s\S]*^letter +a dead letter: .*redrive/m,
    );
    const redriven = await ok('dead-letters', 'redrive', ids[0]!);
    assert.match(await ok('runs', 'get', ids[0]!), new RegExp(`^letter +was a dead letter, redriven as run ${redriven}$`, 'm'));
    await ended(redriven, 'failed');
    assert.match(await ok('runs', 'get', redriven), new RegExp(`^letter .*redrive ${redriven}`, 'm'));
    assert.equal(await ok('dead-letters', 'purge', redriven), `purged ${redriven}`);
    assert.match((await fas('dead-letters', 'purge', redriven)).stderr, /no dead letter[\s\S]*dead-letters list/);
    await app.push('fails', echoes);
    assert.equal(await ok('dead-letters', 'redrive', '--function', 'fails', '--all', '--current'), 'redriven 2');
    assert.match((await fas('dead-letters', 'count')).stderr, /no dead letters/);
    const { redriven_as: mended } = await get(ids[1]!);
    assert.equal((await ended(mended!, 'succeeded')).version, '1.2');
    const expired = await ok('run', 'fails', '--version', '1.1');
    await ended(expired, 'failed');
    assert.deepEqual(JSON.parse(await ok('dead-letters', 'purge', '--function', 'fails', '--all', '--json')), {
      done: 1,
      refused: [],
      more: false,
    });
  });

  test('limits are set, shown and removed', async () => {
    await ok('limits', 'set', 'echoes', '--max-running', '3', '--expires-after', '10m');
    assert.equal(
      await ok('limits', 'set', 'echoes', '--lane', 'dev', '--max-queued', '1'),
      'limits of echoes, lane dev, are set',
    );
    const rows = (await ok('limits', 'get', 'echoes')).split('\n').map((line) => line.split(/ {2,}/));
    assert.deepEqual(rows.slice(1), [
      ['(all together)', '3', '-', '600 s'],
      ['dev', '-', '1', '-'],
    ]);
    await ok('run', 'echoes', '--lane', 'dev', '--delay', '1h');
    const full = await fas('run', 'echoes', '--lane', 'dev', '--delay', '1h');
    assert.equal(full.code, 1);
    assert.match(full.stderr, /which is its limit[\s\S]*fas limits get/);
    await ok('limits', 'remove', 'echoes');
    await ok('limits', 'remove', 'echoes', '--lane', 'dev');
    assert.match((await fas('limits', 'get', 'echoes')).stderr, /no limits of its own/);
    assert.match((await fas('limits', 'remove', 'echoes')).stderr, /no limits of their own/);
  });

  test('what is not clear is asked back with exit code 2', async () => {
    const wrong: [string[], RegExp][] = [
      [['runs', 'cancel'], /which runs are meant/],
      [['runs', 'cancel', '--all'], /--function NAME/],
      [['runs', 'cancel', 'x', '--all'], /which runs are meant/],
      [['dead-letters', 'purge', '--function', 'fails'], /together with --all/],
      [['dead-letters', 'redrive', '--lane', 'dev', '--all'], /--function NAME/],
      [['limits', 'set', 'echoes'], /nothing to set/],
      [['limits', 'set', 'echoes', '--max-running', 'many'], /no whole number/],
      [['run', 'echoes', '--delay', 'soon'], /no duration/],
      [['run', 'echoes', '--retries', '1.5'], /no whole number/],
      [['runs', 'fly'], /too many arguments|unknown command/],
    ];
    for (const [args, says] of wrong) {
      const { code, stderr } = await fas(...args);
      assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, says);
    }
  });
});
