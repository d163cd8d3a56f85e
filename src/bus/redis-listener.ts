import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import { connectRedis, isReady } from '../redis/connection.js';

const heartbeatMs = 5000;
const channelsPerCommand = 1000;

/** A channel somebody here wants; `open` once Redis has confirmed it on the present connection. */
interface Wanted {
  open: boolean;
  waiting: Set<() => void>;
}

export interface RedisListenerSettings {
  url: string;
  log: Logger;
  onMessage: (channel: string, text: string) => void;
  /** Every channel is heard again after the connection was away. */
  onReconnect: () => void;
}

/**
 * The hearing half of the bus. What is wanted is kept here and asked for anew on every connection, so nothing
 * is queued while Redis is away.
 */
export class RedisListener {
  readonly #connection: Redis;
  readonly #wanted = new Map<string, Wanted>();
  readonly #heartbeat: NodeJS.Timeout;
  #connectedBefore = false;

  constructor(private readonly settings: RedisListenerSettings) {
    this.#connection = connectRedis(settings.url, { name: 'bus-listener', manner: 'fail-fast', log: settings.log });
    this.#connection.on('message', settings.onMessage);
    this.#connection.on('close', () => this.#closeAll());
    this.#connection.on('ready', () => void this.#listenToAll());
    // A listener sends nothing: without a question now and then it would not notice that nobody is there any more.
    this.#heartbeat = setInterval(() => void this.ping().catch(() => {}), heartbeatMs).unref();
  }

  listen(channel: string): void {
    if (this.#wanted.has(channel)) return;
    this.#wanted.set(channel, { open: false, waiting: new Set() });
    if (isReady(this.#connection)) void this.#ask([channel]);
  }

  leave(channel: string): void {
    if (this.#wanted.delete(channel) && isReady(this.#connection)) this.#connection.unsubscribe(channel).catch(() => {});
  }

  /** Calls once when a channel that is wanted is heard. Returns how to give that up. */
  whenOpen(channel: string, call: () => void): () => void {
    const wanted = this.#wanted.get(channel);
    if (wanted?.open) queueMicrotask(call);
    else wanted?.waiting.add(call);
    return () => wanted?.waiting.delete(call);
  }

  async ping(): Promise<void> {
    await this.#connection.ping();
  }

  close(): void {
    clearInterval(this.#heartbeat);
    this.#wanted.clear();
    this.#connection.disconnect();
  }

  async #listenToAll(): Promise<void> {
    const channels = [...this.#wanted.keys()];
    const answers: Promise<boolean>[] = [];
    while (channels.length > 0) answers.push(this.#ask(channels.splice(0, channelsPerCommand)));
    const allOpen = (await Promise.all(answers)).every(Boolean);
    if (allOpen && this.#connectedBefore) this.settings.onReconnect();
    this.#connectedBefore ||= allOpen;
  }

  /** False when the connection went away first: then the next one asks. */
  async #ask(channels: string[]): Promise<boolean> {
    const asked = channels.map((channel) => this.#wanted.get(channel));
    try {
      await this.#connection.subscribe(...channels);
    } catch (error) {
      this.settings.log.debug({ problem: messageOf(error) }, 'a subscription was not answered');
      return false;
    }
    // Left and wanted again meanwhile is another wish, with an answer of its own.
    for (const [index, channel] of channels.entries()) if (this.#wanted.get(channel) === asked[index]) this.#open(channel);
    return true;
  }

  #open(channel: string): void {
    const wanted = this.#wanted.get(channel);
    if (wanted === undefined) return;
    wanted.open = true;
    const waiting = [...wanted.waiting];
    wanted.waiting.clear();
    for (const call of waiting) call();
  }

  #closeAll(): void {
    for (const wanted of this.#wanted.values()) wanted.open = false;
  }
}
