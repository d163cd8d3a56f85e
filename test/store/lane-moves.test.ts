import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LaneMoves } from '../../src/store/lane-moves.js';

const lane = { function: 'hello', lane: 'latest' };

test('changes of a lane happen in the order they were asked for, and a later one ends the waiting of the first', async () => {
  const moves = new LaneMoves();
  const done: string[] = [];
  const note = (what: string) => () => Promise.resolve(void done.push(what));
  const untilHurried = async (hurry: AbortSignal) => {
    while (!hurry.aborted) await nextTurn();
    await nextTurn();
    return null;
  };
  const first = moves.run(lane, untilHurried, note('first'));
  const elsewhere = moves.run({ ...lane, lane: 'dev' }, () => Promise.resolve(null), note('elsewhere'));
  await elsewhere;
  await Promise.all([first, moves.run(lane, () => Promise.resolve(null), note('second'))]);
  assert.deepEqual(done, ['elsewhere', 'first', 'second']);
});

test('a change that fails does not keep the next one from happening', async () => {
  const moves = new LaneMoves();
  const failing = moves.run(
    lane,
    () => Promise.resolve(null),
    () => Promise.reject(new Error('records are away')),
  );
  const next = moves.run(
    lane,
    () => Promise.resolve(null),
    () => Promise.resolve('changed'),
  );
  await assert.rejects(failing, /away/);
  assert.equal(await next, 'changed');
});
