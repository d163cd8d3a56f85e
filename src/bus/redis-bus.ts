import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import { RedisListener } from './redis-listener.js';
import { RedisSender } from './redis-sender.js';
import { Topics } from './topics.js';

export interface RedisBusSettings {
  url: string;
  installationId: string;
  log: Logger;
}

/**
 * The bus of several servers: Redis pub/sub, a channel for each topic, so that only servers that listen get a message.
 * A server's own messages are handed out at once, and ignored when Redis brings them back.
 */
export class RedisBus implements Bus {
  readonly #self = randomUUID();
  readonly #topics: Topics;
  readonly #sender: RedisSender;
  readonly #listener: RedisListener;
  readonly #channelPrefix: string;
  readonly #gapChannel: string;
  readonly #reconnectHandlers = new Set<() => void>();

  constructor(private readonly settings: RedisBusSettings) {
    const { url, installationId, log } = settings;
    this.#channelPrefix = `laneway:${installationId}:bus:`;
    this.#gapChannel = `laneway:${installationId}:bus-gap`;
    this.#topics = new Topics(log);
    this.#sender = new RedisSender({ url, log, self: this.#self, gapChannel: this.#gapChannel });
    const onMessage = (channel: string, text: string): void => this.#receive(channel, text);
    this.#listener = new RedisListener({ url, log, onMessage, onReconnect: () => this.#tellReconnected() });
    this.#listener.listen(this.#gapChannel);
  }

  publish(topic: string, message: string): void {
    this.#topics.deliver(topic, message);
    this.#sender.send(this.#channelPrefix + topic, message);
  }

  subscribe(topic: string, handle: (message: string) => void, onOpen?: () => void): () => void {
    const channel = this.#channelPrefix + topic;
    const stopHandling = this.#topics.add(topic, handle);
    this.#listener.listen(channel);
    const stopWaiting = onOpen && this.#listener.whenOpen(channel, onOpen);
    return () => {
      stopHandling();
      stopWaiting?.();
      if (!this.#topics.has(topic)) this.#listener.leave(channel);
    };
  }

  onReconnect(handle: () => void): () => void {
    const own = (): void => handle();
    this.#reconnectHandlers.add(own);
    return () => void this.#reconnectHandlers.delete(own);
  }

  async check(): Promise<void> {
    await Promise.all([this.#sender.ping(), this.#listener.ping()]);
  }

  async close(): Promise<void> {
    this.#topics.clear();
    this.#reconnectHandlers.clear();
    this.#listener.close();
    await this.#sender.close();
  }

  #receive(channel: string, text: string): void {
    const [sender, ...messages] = this.#read(text);
    if (sender === undefined || sender === this.#self) return;
    if (channel === this.#gapChannel) return this.#tellReconnected();
    for (const message of messages) this.#topics.deliver(channel.slice(this.#channelPrefix.length), message);
  }

  /** Sender, then messages; empty when something else wrote to our channel. */
  #read(text: string): string[] {
    try {
      const parts: unknown = JSON.parse(text);
      if (Array.isArray(parts) && parts.every((part) => typeof part === 'string')) return parts;
    } catch {
      // Told below.
    }
    this.settings.log.warn({ bytes: text.length }, 'a message on the bus is not readable');
    return [];
  }

  #tellReconnected(): void {
    for (const handle of this.#reconnectHandlers) {
      try {
        handle();
      } catch (error) {
        this.settings.log.error({ err: error }, 'a reconnect handler threw');
      }
    }
  }
}
