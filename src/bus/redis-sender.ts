import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { connectRedis, isReady } from '../redis/connection.js';

/** bounded: what Redis has not confirmed may take this much memory; then messages are dropped, and the others are told. */
const maxUnconfirmedBytes = 8 * 2 ** 20;

export interface RedisSenderSettings {
  url: string;
  log: Logger;
  /** Goes first in every text sent, so that a listener knows its own. */
  self: string;
  /** Where the others are told that messages were dropped. */
  gapChannel: string;
}

/** The speaking half of the bus: all messages of one turn of the loop leave in one write, one text a channel. */
export class RedisSender {
  readonly #connection: Redis;
  readonly #turn = new Map<string, string[]>();
  #flushing = false;
  #unconfirmedBytes = 0;
  #dropped = false;
  #lastSent: Promise<void> = Promise.resolve();

  constructor(private readonly settings: RedisSenderSettings) {
    this.#connection = connectRedis(settings.url, { name: 'bus-sender', manner: 'fail-fast', log: settings.log });
    this.#connection.on('ready', () => this.#dropped && this.#flushSoon());
  }

  send(channel: string, message: string): void {
    const messages = this.#turn.get(channel);
    if (messages === undefined) this.#turn.set(channel, [message]);
    else messages.push(message);
    this.#flushSoon();
  }

  async ping(): Promise<void> {
    await this.#connection.ping();
  }

  /** Resolves when what was sent before is out or given up. */
  async close(): Promise<void> {
    this.#flush();
    await this.#lastSent;
    this.#connection.disconnect();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const texts = [...this.#turn].map(
      ([channel, messages]) => [channel, JSON.stringify([this.settings.self, ...messages])] as const,
    );
    this.#turn.clear();
    const bytes = texts.reduce((sum, [, text]) => sum + text.length, 0);
    if (!isReady(this.#connection) || this.#unconfirmedBytes + bytes > maxUnconfirmedBytes) {
      this.#dropped ||= texts.length > 0;
      return;
    }
    this.#lastSent = this.#write(texts, bytes);
  }

  async #write(texts: (readonly [channel: string, text: string])[], bytes: number): Promise<void> {
    const commands = this.#connection.pipeline();
    if (this.#dropped) commands.publish(this.settings.gapChannel, JSON.stringify([this.settings.self]));
    for (const [channel, text] of texts) commands.publish(channel, text);
    if (commands.length === 0) return;
    this.#dropped = false;
    this.#unconfirmedBytes += bytes;
    const answers = await commands.exec().catch(() => null);
    this.#unconfirmedBytes -= bytes;
    if (answers === null || answers.some(([error]) => error !== null)) this.#dropped = true;
  }
}
