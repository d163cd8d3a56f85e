import type { Logger } from 'pino';
import { ShortLivedMap } from '../short-lived-map.js';

type Handle = (message: string) => void;

/** Who listens to what on this server. Messages are handed out in the order they came, also when a handler sends another. */
export class Topics {
  readonly #handlers = new ShortLivedMap<Set<Handle>>();
  readonly #undelivered: [topic: string, message: string][] = [];
  #delivering = false;

  constructor(private readonly log: Logger) {}

  has(topic: string): boolean {
    return this.#handlers.get(topic) !== undefined;
  }

  names(): string[] {
    return [...this.#handlers.keys()];
  }

  /** Returns how to stop; the same function may be added several times. */
  add(topic: string, handle: Handle): () => void {
    const own: Handle = (message) => handle(message);
    const handlers = this.#handlers.get(topic);
    if (handlers === undefined) this.#handlers.set(topic, new Set([own]));
    else handlers.add(own);
    return () => this.#remove(topic, own);
  }

  clear(): void {
    for (const topic of this.names()) this.#handlers.delete(topic);
  }

  deliver(topic: string, message: string): void {
    if (!this.has(topic)) return;
    this.#undelivered.push([topic, message]);
    if (this.#delivering) return;
    this.#delivering = true;
    for (let next = this.#undelivered.shift(); next !== undefined; next = this.#undelivered.shift()) this.#handOut(...next);
    this.#delivering = false;
  }

  #handOut(topic: string, message: string): void {
    for (const handle of this.#handlers.get(topic) ?? []) {
      try {
        handle(message);
      } catch (error) {
        this.log.error({ err: error, topic }, 'a message handler threw');
      }
    }
  }

  #remove(topic: string, own: Handle): void {
    const handlers = this.#handlers.get(topic);
    if (handlers?.delete(own) && handlers.size === 0) this.#handlers.delete(topic);
  }
}
