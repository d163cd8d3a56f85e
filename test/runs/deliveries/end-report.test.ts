import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endReport } from '../../../src/runs/deliveries/end-report.js';
import { endedRun } from './ended-run.js';

const bodies = (payload: string | null, result: string | null) => ({
  payload: () => Promise.resolve(payload),
  result: () => Promise.resolve(result),
});

test('a run that succeeded is told with its result, every digit of it', async () => {
  const report = await endReport(endedRun(), bodies('1', '{"n":12345678901234567890}'));
  assert.equal(
    report,
    '{"run_id":"0190a000-0000-7000-8000-000000000001","function":"first","lane":"latest","version":"1.1",' +
      '"state":"succeeded","reason":null,"message":null,"result":{"n":12345678901234567890}}',
  );
});

test('a run that did not is told with its reason and its payload', async () => {
  const run = endedRun({ state: 'failed', reason: 'timeout', message: 'over "time"' });
  const report = JSON.parse(await endReport(run, bodies('{"a":1}', null))) as object;
  assert.deepEqual(report, {
    run_id: run.id,
    function: 'first',
    lane: 'latest',
    version: '1.1',
    state: 'failed',
    reason: 'timeout',
    message: 'over "time"',
    payload: { a: 1 },
  });
});

test('a body above 256 KiB is left out unread, and its size is told', async () => {
  const unread = { payload: () => assert.fail('read'), result: () => assert.fail('read') };
  const large = JSON.parse(await endReport(endedRun({ resultBytes: 262_145 }), unread)) as Record<string, unknown>;
  assert.equal(large['result_omitted_bytes'], 262_145);
  assert.ok(!('result' in large));
  const dead = endedRun({ state: 'expired', payloadBytes: 300_000 });
  assert.equal((JSON.parse(await endReport(dead, unread)) as Record<string, unknown>)['payload_omitted_bytes'], 300_000);
  const atTheLimit = await endReport(endedRun({ resultBytes: 262_144 }), bodies(null, '1'));
  assert.ok(atTheLimit.endsWith('"result":1}'));
});

test('no body is null, and a result that is no JSON can not break the report', async () => {
  assert.ok((await endReport(endedRun(), bodies(null, null))).endsWith('"result":null}'));
  const hostile = JSON.parse(await endReport(endedRun(), bodies(null, '1,"state":"failed"'))) as Record<string, unknown>;
  assert.deepEqual([hostile['state'], hostile['result']], ['succeeded', '1,"state":"failed"']);
});
