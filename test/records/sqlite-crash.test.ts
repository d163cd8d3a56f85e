import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openRecords } from '../../src/records/open-records.js';
import { acceptRun } from './sample-runs.js';
import { temporaryFolder } from './ways.js';

const program = fileURLToPath(new URL('./accept-until-killed.js', import.meta.url));

test('no-fake-accept: every run whose acceptance was told is there after kill -9', async (t) => {
  const dataFolder = await temporaryFolder(t);
  const told: string[] = [];
  for (const enough of [200, 600]) {
    const server = startServer(t, dataFolder);
    for await (const line of createInterface({ input: server.stdout! })) {
      if (line !== 'open') told.push(line);
      if (told.length >= enough) server.kill('SIGKILL');
    }
  }
  const records = await openRecords({ dataFolder, databaseUrl: null });
  t.after(() => records.close());
  let largeOnes = 0;
  for (const id of told) {
    const run = await records.runs.get(id);
    assert.equal(run?.state, 'queued');
    const payload = await records.runs.payload(id);
    assert.equal(Buffer.byteLength(payload!), run.payloadBytes);
    if (run.payloadBytes > 256 * 1024) largeOnes += 1;
  }
  assert.ok(largeOnes > 0, 'some payloads were files');
});

test('a payload file without a run is swept at start, the others stay', async (t) => {
  const dataFolder = await temporaryFolder(t);
  const first = await openRecords({ dataFolder, databaseUrl: null });
  const payload = JSON.stringify('x'.repeat(300_000));
  const { id } = await acceptRun(first, { payload });
  await first.close();
  await writeFile(join(dataFolder, 'payloads', 'left-by-a-crash'), 'x');
  const second = await openRecords({ dataFolder, databaseUrl: null });
  t.after(() => second.close());
  assert.equal((await readdir(join(dataFolder, 'payloads'))).length, 1);
  assert.equal(await second.runs.payload(id), payload);
});

test('a second server on a data folder is refused with folder and pid, until the first one is dead', async (t) => {
  const dataFolder = await temporaryFolder(t);
  const server = startServer(t, dataFolder);
  await once(createInterface({ input: server.stdout! }), 'line');
  const message = `The data folder ${dataFolder} is in use by another server (pid ${server.pid}).`;
  await assert.rejects(openRecords({ dataFolder, databaseUrl: null }), { message });
  const exited = once(server, 'exit');
  server.kill('SIGKILL');
  await exited;

  const records = await openRecords({ dataFolder, databaseUrl: null });
  const ours = `The data folder ${dataFolder} is in use by another server (pid ${process.pid}).`;
  await assert.rejects(openRecords({ dataFolder, databaseUrl: null }), { message: ours });
  await records.check();
  await records.close();
  await (await openRecords({ dataFolder, databaseUrl: null })).close();
});

function startServer(t: TestContext, dataFolder: string): ChildProcess {
  const server = spawn(process.execPath, [program, dataFolder], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => server.kill('SIGKILL'));
  return server;
}
