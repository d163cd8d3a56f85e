import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { probes } from '../../src/cli/doctor/isolation/probes.js';
import { runFas } from '../cli/run-fas.js';
import { temporaryFolder } from '../temporary-folder.js';
import { Host } from './host.js';
import type { Machine } from './machine.js';
import { findProcesses } from './processes.js';
import { table } from './table.js';
import { succeedsOn } from './verdict.js';

type Report = { level: 'thread' | 'process' | 'confined'; probes?: Record<string, string>; refused?: string };

test('fas doctor --isolation finds on this machine what the table says, and leaves nothing behind', async (t) => {
  const host = await Host.open('process');
  t.after(() => host.close());
  const { code, stdout, stderr } = await runFas(['doctor', '--isolation', '--json'], { home: host.folder });
  const reports = (JSON.parse(stdout) as { isolation: Report[] }).isolation;
  assert.deepEqual(
    reports.map(({ level }) => level),
    ['thread', 'process', 'confined'],
  );
  for (const { level, probes: outcomes, refused } of reports) {
    if (outcomes === undefined) {
      assert.equal(level, 'confined', refused);
      continue;
    }
    assert.deepEqual(outcomes, expectedAt(level, host.machine), level);
  }
  assert.equal(code, 0, stderr);

  assert.doesNotMatch((await host.ask('GET', '/api/v1/functions')).text, /fas-doctor/);
  assert.deepEqual(findProcesses('laneway-probe-'), []);
  assert.deepEqual(
    readdirSync('/tmp').filter((name) => name.startsWith('laneway-probe-')),
    [],
  );
});

test('each probe of fas doctor is an attack of the table', () => {
  for (const { name } of probes) assert.ok(attackOf(name), name);
});

test('without a server on this machine fas doctor --isolation says what to do', async (t) => {
  const { code, stderr } = await runFas(['doctor', '--isolation'], { home: await temporaryFolder(t) });
  assert.equal(code, 3);
  assert.match(stderr, /no server of yours is running on this machine[^]*npm start/);
});

test('a server elsewhere is not tried: what gets out there can not be seen from here', async (t) => {
  const host = await Host.open('thread');
  t.after(() => host.close());
  const elsewhere = ['--url', 'http://127.0.0.1:1', '--key', 'lw_x'];
  const { code, stderr } = await runFas([...elsewhere, 'doctor', '--isolation'], { home: host.folder });
  assert.equal(code, 2);
  assert.match(stderr, /is not the server that runs here/);
});

function expectedAt(level: Report['level'], machine: Machine): Record<string, string> {
  return Object.fromEntries(
    probes.map(({ name }) => [name, succeedsOn(machine, attackOf(name)!.verdicts[level]) ? 'not stopped' : 'stopped']),
  );
}

function attackOf(probe: string) {
  return table.find(({ file }) => file === `${probe}.mjs`);
}
