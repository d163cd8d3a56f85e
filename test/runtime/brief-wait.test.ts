import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { BriefWait } from '../../src/runtime/brief-wait.js';
import type { VersionLine } from '../../src/runtime/version-line.js';
import { until } from '../until.js';

function lineWith(facts: { typicalMs: number; busy: number; idle?: number; waiting?: number }): VersionLine {
  const { typicalMs, busy, idle = 0, waiting = 0 } = facts;
  const things = (count: number) => Array.from({ length: count }, (_, index) => index);
  return {
    typicalMs,
    workers: new Set(things(busy + idle)),
    idle: things(idle),
    waiting: new Set(things(waiting)),
  } as unknown as VersionLine;
}

test('only runs of a quick function wait, and only while as many workers as there are processors are busy', () => {
  const wait = new BriefWait(() => {});
  const enough = availableParallelism() + 1;
  assert.equal(wait.isWorthIt(lineWith({ typicalMs: 0.05, busy: enough })), true);
  assert.equal(wait.isWorthIt(lineWith({ typicalMs: 0.05, busy: enough, idle: 3 })), true);
  assert.equal(wait.isWorthIt(lineWith({ typicalMs: 0.05, busy: enough - 1, idle: 3 })), false);
  assert.equal(wait.isWorthIt(lineWith({ typicalMs: 1, busy: enough })), false);
  assert.equal(wait.isWorthIt(lineWith({ typicalMs: Infinity, busy: enough })), false);
});

test('who waits is looked after until nobody does', async () => {
  const line = lineWith({ typicalMs: 0.05, busy: 8, waiting: 1 });
  let looks = 0;
  const wait = new BriefWait((given, before) => {
    assert.equal(given, line);
    assert.ok(before < performance.now());
    looks += 1;
    if (looks === 3) line.waiting.clear();
  });
  wait.begin(line);
  wait.begin(line);
  await until(() => looks === 3);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(looks, 3);
});
