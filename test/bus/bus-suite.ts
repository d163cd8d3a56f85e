import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { Bus } from '../../src/contract/bus.js';
import { until } from '../until.js';

export interface BusUnderTest {
  name: string;
  skip: string | false;
  /** A server's bus of one installation; closed by the suite. */
  open: () => Promise<Bus>;
}

/** What every bus must do on one server, whatever carries it. */
export function testBus({ name, skip, open }: BusUnderTest): void {
  describe(name, { skip }, () => {
    const opened: Bus[] = [];
    const openOne = async (): Promise<Bus> => {
      const bus = await open();
      opened.push(bus);
      await untilConnected(bus);
      return bus;
    };
    afterEach(async () => {
      for (const bus of opened.splice(0)) await bus.close();
    });

    test("a server's own message is handed out before publish returns, and once", async () => {
      const bus = await openOne();
      const heard: string[] = [];
      await new Promise<void>((resolve) => void bus.subscribe('topic', (message) => heard.push(message), resolve));
      bus.publish('topic', 'one');
      assert.deepEqual(heard, ['one']);
      await untilEchoed(bus);
      assert.deepEqual(heard, ['one']);
    });

    test('messages reach the listeners of their topic only', async () => {
      const bus = await openOne();
      const heard: string[] = [];
      bus.subscribe('a', (message) => heard.push(`a:${message}`));
      bus.subscribe('b', (message) => heard.push(`b:${message}`));
      bus.subscribe('b', (message) => heard.push(`b2:${message}`));
      bus.publish('a', '1');
      bus.publish('b', '2');
      bus.publish('nobody', '3');
      assert.deepEqual(heard, ['a:1', 'b:2', 'b2:2']);
    });

    test('a listener that stopped hears nothing more, the others go on', async () => {
      const bus = await openOne();
      const heard: string[] = [];
      const handle = (message: string): void => void heard.push(message);
      const stop = bus.subscribe('topic', handle);
      bus.subscribe('topic', handle);
      bus.publish('topic', 'both');
      stop();
      stop();
      bus.publish('topic', 'one');
      assert.deepEqual(heard, ['both', 'both', 'one']);
    });

    test('every listener sees one order, also when a handler answers with a message', async () => {
      const bus = await openOne();
      const heard: string[] = [];
      bus.subscribe('topic', (message) => {
        if (message === 'question') bus.publish('topic', 'answer');
      });
      bus.subscribe('topic', (message) => heard.push(message));
      bus.publish('topic', 'question');
      assert.deepEqual(heard, ['question', 'answer']);
    });

    test('a handler that throws harms neither the sender nor the other listeners', async () => {
      const bus = await openOne();
      const heard: string[] = [];
      bus.subscribe('topic', () => {
        throw new Error('broken handler');
      });
      bus.subscribe('topic', (message) => heard.push(message));
      bus.publish('topic', 'one');
      bus.publish('topic', 'two');
      assert.deepEqual(heard, ['one', 'two']);
    });

    test('onOpen is called once, for the first listener of a topic and for a later one', async () => {
      const bus = await openOne();
      let calls = 0;
      bus.subscribe(
        'topic',
        () => {},
        () => (calls += 1),
      );
      await until(() => calls === 1);
      bus.subscribe(
        'topic',
        () => {},
        () => (calls += 1),
      );
      await until(() => calls === 2);
      await untilEchoed(bus);
      assert.equal(calls, 2);
    });

    test('a closed bus is silent', async () => {
      const bus = await openOne();
      const heard: string[] = [];
      bus.subscribe('topic', (message) => heard.push(message));
      await bus.close();
      bus.publish('topic', 'late');
      assert.deepEqual(heard, []);
    });
  });
}

export async function untilConnected(bus: Bus): Promise<void> {
  await until(() =>
    bus.check().then(
      () => true,
      () => false,
    ),
  );
}

/** What was sent before has gone to wherever it goes (the first check asks after it was sent) and has come back (the second). */
async function untilEchoed(bus: Bus): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await bus.check();
  await bus.check();
}
