import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { EndedSyncRun, RunRecords } from '../../src/contract/records.js';
import { LanewayError } from '../../src/errors.js';
import { WriteBehind } from '../../src/runs/write-behind.js';
import { endedRun } from '../records/sample-runs.js';
import { until } from '../until.js';

type Write = (runs: readonly EndedSyncRun[]) => Promise<string[]>;

function openWriteBehind(writeSync: Write) {
  const written: string[] = [];
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const runs = { writeSync } as Pick<RunRecords, 'writeSync'> as RunRecords;
  return { behind: new WriteBehind({ runs, log, onWritten: (id) => written.push(id) }, 100_000), written, lines };
}

const away = () => Promise.reject(new LanewayError('records_unavailable', { problem: 'away' }));

test('a flush waits for what was added before it, not for what others go on adding', async () => {
  let calls = 0;
  const { behind, written } = openWriteBehind(async () => {
    // A call that ends while its forerunners are written, always.
    if (calls++ < 1000) behind.add(endedRun());
    await new Promise((resolve) => setImmediate(resolve));
    return [];
  });
  const run = endedRun();
  behind.add(run);
  await behind.flush();
  assert.ok(written.includes(run.id));
  assert.ok(calls < 5, `${calls} batches were waited for`);
  await behind.close();
});

test('a run that ends while a slow batch is written follows it, with nothing to push it', async () => {
  let letOn: (() => void) | null = null;
  const { behind, written } = openWriteBehind(async () => {
    await new Promise<void>((resolve) => (letOn = resolve));
    return [];
  });
  behind.add(endedRun());
  await until(() => letOn !== null);
  const first = letOn!;
  behind.add(endedRun());
  // Longer than a run waits for its batch: its turn has come and gone.
  await new Promise((resolve) => setTimeout(resolve, 100));
  first();
  await until(() => letOn !== first);
  letOn!();
  await until(() => written.length === 2);
});

test('a run that the records do not take keeps no other out', async () => {
  const [bad, ...good] = Array.from({ length: 9 }, () => endedRun());
  const kept = new Set<string>();
  const { behind } = openWriteBehind(async (runs) => {
    if (runs.includes(bad!)) throw new TypeError('not to be kept');
    for (const run of runs) kept.add(run.id);
    return [];
  });
  for (const run of [...good.slice(0, 3), bad!, ...good.slice(3)]) behind.add(run);
  await behind.flush();
  assert.deepEqual([...kept].sort(), good.map((run) => run.id).sort());
  assert.equal(behind.values().length, 0);
});

test('while the records are away they are asked seldom, told of once, and get everything when they are back', async () => {
  let isAway = true;
  let tries = 0;
  const { behind, written, lines } = openWriteBehind(async () => {
    tries += 1;
    return isAway ? away() : [];
  });
  behind.add(endedRun());
  await assert.rejects(behind.flush(), { code: 'records_unavailable' });
  for (let added = 0; added < 5000; added += 1) {
    behind.add(endedRun());
    if (added % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(tries < 20, `${tries} tries`);
  isAway = false;
  await until(() => written.length === 5001);
  assert.equal(lines.length, 2, lines.join(''));
  await behind.close();
});
