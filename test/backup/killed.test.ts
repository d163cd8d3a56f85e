import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRecords } from '../../src/records/open-records.js';
import { startApp } from '../app/start-app.js';
import { runFas, type FasResult } from '../cli/run-fas.js';
import { temporaryFolder } from '../temporary-folder.js';
import { hangAt } from './hang-at.js';

const echo = { 'index.mjs': 'export default (payload) => payload;' };

test('a backup that is killed leaves nothing that looks like one, and the next one tidies up', async (t) => {
  const folder = await temporaryFolder(t);
  const home = await temporaryFolder(t);
  const into = await temporaryFolder(t);
  const server = await startApp({}, folder);
  t.after(() => server.close());
  await server.push('echo', echo);
  const target = join(into, 'backup');
  await killAt('writeFile backup.json', ['backup', target], { folder, home });
  const [left] = readdirSync(into);
  assert.ok(left !== undefined && !existsSync(target));
  const half = await fas(['restore', join(into, left)], { folder: await temporaryFolder(t), home });
  assert.equal(half.code, 1);
  assert.match(half.stderr, /is no backup, or one that was broken off/);

  assert.equal((await fas(['backup', target], { folder, home })).code, 0);
  assert.deepEqual(readdirSync(into), ['backup']);
  assert.deepEqual(
    readdirSync(join(folder, 'data')).filter((name) => name.startsWith('.laneway-backup')),
    [],
  );
});

for (const step of ['copyFile laneway.db.restoring', 'mkdir store/echo', 'rename laneway.db', 'rm restore-unfinished.json']) {
  test(`a restore that is killed before "${step}" starts no server, and can be carried out again`, async (t) => {
    const folder = await temporaryFolder(t);
    const home = await temporaryFolder(t);
    const target = join(home, 'backup');
    const server = await startApp({}, folder);
    await server.push('echo', echo);
    await server.close();
    assert.equal((await fas(['backup', target], { folder, home })).code, 0);

    const empty = await temporaryFolder(t);
    await killAt(step, ['restore', target], { folder: empty, home });
    const dataFolder = join(empty, 'data');
    await assert.rejects(openRecords({ dataFolder, databaseUrl: null }), /holds a restore that was broken off/);
    const again = await fas(['restore', target], { folder: empty, home });
    assert.equal(again.code, 0, again.stderr);
    const restored = await startApp({}, empty);
    assert.equal(await (await restored.call('echo', 'there')).text(), '"there"');
    await restored.close();
  });
}

type Place = { folder: string; home: string };

async function killAt(ending: string, args: string[], place: Place): Promise<void> {
  const hang = await hangAt(place.home, ending);
  const { code, stderr } = await fas(args, place, { NODE_OPTIONS: `--import ${hang}` }, (said, kill) => {
    if (said.includes('at the step')) kill();
  });
  assert.equal(code, null, stderr);
}

function fas(
  args: string[],
  { folder, home }: Place,
  environment: Record<string, string> = {},
  onSaid: (text: string, kill: () => void) => void = () => {},
): Promise<FasResult> {
  return runFas(args, {
    home,
    environment: { LANEWAY_DATA: join(folder, 'data'), LANEWAY_STORE: join(folder, 'store'), ...environment },
    onStart: (child) => child.stderr!.on('data', (bytes) => onSaid(String(bytes), () => child.kill('SIGKILL'))),
  });
}
