import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import { Topics } from './topics.js';

/** The bus of a server that is alone: messages stay in the process, nothing is ever missed. */
export class LocalBus implements Bus {
  readonly #topics: Topics;

  constructor(log: Logger) {
    this.#topics = new Topics(log);
  }

  publish(topic: string, message: string): void {
    this.#topics.deliver(topic, message);
  }

  subscribe(topic: string, handle: (message: string) => void, onOpen?: () => void): () => void {
    const stop = this.#topics.add(topic, handle);
    if (onOpen !== undefined) queueMicrotask(onOpen);
    return stop;
  }

  onReconnect(): () => void {
    return () => {};
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {
    this.#topics.clear();
  }
}
