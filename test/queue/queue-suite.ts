import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, test } from 'node:test';
import type { Announcement, Queue } from '../../src/contract/queue.js';
import { until } from '../until.js';

export interface QueueUnderTest {
  name: string;
  skip: string | false;
  /** A new, empty queue; closed by the suite. */
  open: () => Promise<Queue>;
}

/** What every queue must do, whatever carries it. */
export function testQueue({ name, skip, open }: QueueUnderTest): void {
  describe(name, { skip }, () => {
    const opened: Queue[] = [];
    const openOne = async (): Promise<Queue> => {
      const queue = await open();
      opened.push(queue);
      return queue;
    };
    afterEach(async () => {
      letAllGo();
      for (const queue of opened.splice(0)) await queue.close();
    });

    test('each announcement is handled once', async () => {
      const queue = await openOne();
      const wanted = announcements(500);
      const { handled, handle } = recorder();
      queue.start(8, handle);
      await queue.announce(wanted);
      await until(() => handled.length >= wanted.length);
      await settle(queue);
      assert.deepEqual(idsOf(handled), idsOf(wanted));
    });

    test('5,000 announcements never take more than the 16 places they have, and use them all', async () => {
      const queue = await openOne();
      let active = 0;
      let most = 0;
      let handled = 0;
      queue.start(16, async () => {
        active += 1;
        most = Math.max(most, active);
        await turn();
        active -= 1;
        handled += 1;
      });
      await queue.announce(announcements(5000));
      await until(() => handled >= 5000);
      await settle(queue);
      assert.equal(handled, 5000);
      assert.equal(most, 16);
    });

    test('what was announced before the start is delivered after it', async () => {
      const queue = await openOne();
      const wanted = announcements(20);
      await queue.announce(wanted);
      assert.equal(await queue.depth(), 20);
      const { handled, handle } = recorder();
      queue.start(4, handle);
      await until(() => handled.length === 20);
      assert.deepEqual(idsOf(handled), idsOf(wanted));
    });

    test('larger priorities go first, and equal ones in the order they came', async () => {
      const queue = await openOne();
      const wanted = [0, 5, -3, 0, 900_000, 5, 0, -3, 1, 900_000].map((priority) => announcement(priority));
      for (const one of wanted) await queue.announce([one]);
      const { handled, handle } = recorder();
      queue.start(1, handle);
      await until(() => handled.length === wanted.length);
      const expected = wanted.toSorted((a, b) => b.priority - a.priority);
      assert.deepEqual(handled, expected);
    });

    test('2,000 of one priority are handled first in, first out', async () => {
      const queue = await openOne();
      const wanted = announcements(2000);
      for (let start = 0; start < 2000; start += 500) await queue.announce(wanted.slice(start, start + 500));
      const { handled, handle } = recorder();
      queue.start(1, handle);
      await until(() => handled.length === 2000);
      assert.deepEqual(handled, wanted);
    });

    test('the same run and fence is delivered once while it waits or is handled', async () => {
      const queue = await openOne();
      const one = announcement();
      const { handled, handle, letGo } = gate();
      await queue.announce([one, one]);
      await queue.announce([one]);
      assert.equal(await queue.depth(), 1);
      queue.start(4, handle);
      await until(() => handled.length === 1);
      await queue.announce([one]);
      letGo();
      await settle(queue);
      assert.deepEqual(handled, [one]);
    });

    test('another fence of the same run is another announcement', async () => {
      const queue = await openOne();
      const one = announcement();
      const { handled, handle } = recorder();
      queue.start(1, handle);
      await queue.announce([one, { ...one, fence: 2 }]);
      await until(() => handled.length === 2);
      assert.deepEqual(
        handled.map((each) => each.fence),
        [1, 2],
      );
    });

    test('an announcement can come again after it was handled', async () => {
      const queue = await openOne();
      const one = announcement();
      const { handled, handle } = recorder();
      queue.start(1, handle);
      await queue.announce([one]);
      await until(() => handled.length === 1);
      // Until it is forgotten, the same announcement is taken for the one that is handled.
      await until(async () => {
        await queue.announce([one]);
        return handled.length === 2;
      });
    });

    test('stop waits for the handlers under way and delivers nothing further', async () => {
      const queue = await openOne();
      const wanted = announcements(10);
      const { handled, handle, letGo } = gate();
      queue.start(3, handle);
      await queue.announce(wanted);
      await until(() => handled.length === 3);
      let stopped = false;
      const stopping = queue.stop().then(() => (stopped = true));
      await turn();
      assert.equal(stopped, false);
      letGo();
      await stopping;
      assert.equal(handled.length, 3);
      assert.equal(await queue.depth(), 7);
      await queue.announce(announcements(1));
      await turn();
      assert.equal(handled.length, 3);
    });

    test('a handler that rejects against its promise frees its place', async () => {
      const queue = await openOne();
      let calls = 0;
      queue.start(1, async () => {
        calls += 1;
        throw new Error('against the rules');
      });
      await queue.announce(announcements(3));
      await until(() => calls === 3);
    });

    test('a closed queue refuses announcements as queue_unavailable', async () => {
      const queue = await openOne();
      await queue.check();
      await queue.close();
      await assert.rejects(queue.announce(announcements(1)), { code: 'queue_unavailable' });
      await assert.rejects(queue.check(), { code: 'queue_unavailable' });
    });
  });
}

export function announcement(priority = 0): Announcement {
  return { runId: randomUUID(), fence: 1, priority, function: 'hello', lane: 'dev' };
}

export function announcements(count: number): Announcement[] {
  return Array.from({ length: count }, () => announcement());
}

/** A handler that notes what it got. */
export function recorder() {
  const handled: Announcement[] = [];
  const handle = async (one: Announcement): Promise<void> => void handled.push(one);
  return { handled, handle };
}

const heldHandlers = new Set<() => void>();

/** Ends every handler that a gate still holds, so that a queue can be closed after a test that failed. */
export function letAllGo(): void {
  for (const letGo of heldHandlers) letGo();
}

/** A handler that notes what it got and returns when it is let go. */
export function gate() {
  const handled: Announcement[] = [];
  let waiting: (() => void)[] = [];
  const handle = (one: Announcement): Promise<void> => {
    handled.push(one);
    return new Promise((resolve) => waiting.push(resolve));
  };
  const letGo = (): void => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  heldHandlers.add(letGo);
  return { handled, handle, letGo };
}

export function idsOf(list: readonly Announcement[]): string[] {
  return list.map((one) => `${one.runId}.${one.fence}`).toSorted();
}

/** Nothing waits and nothing is under way any more: what came twice would have come by now. */
async function settle(queue: Queue): Promise<void> {
  await until(async () => (await queue.depth()) === 0);
  await queue.stop();
}
