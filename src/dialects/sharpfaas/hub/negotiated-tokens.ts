import { randomBytes } from 'node:crypto';
import type { Bus } from '../../../contract/bus.js';

/** What a token stands for. */
export interface Negotiated {
  /** The key that negotiated; null for a caller without one. */
  keyId: string | null;
}

/** Texts that any server of the installation can open, and nobody else can make. */
export interface TokenSeal {
  seal(text: string): string;
  /** Null when no server of this installation has sealed it. */
  open(sealed: string): string | null;
}

export interface TokenParts {
  seal: TokenSeal;
  /** By it the server that made a token is asked whether it is still unused. */
  bus: Bus;
  lifeMs: number;
  maxTokens: number;
}

/** Whoever was asked answers in this time, or is gone. */
const patienceMs = 2000;

type Message = { type: 'use'; id: string; ask: string; from: string } | { type: 'answer'; ask: string; isGood: boolean };

/**
 * Promises of a connection: good for one use and a short time, at whatever server the connection arrives. Who negotiated is
 * sealed in the token; the server that made it knows whether it was used, and the others ask it.
 */
export class NegotiatedTokens {
  readonly #server = randomBytes(9).toString('base64url');
  readonly #unused = new Map<string, number>();
  readonly #asked = new Map<string, (isGood: boolean) => void>();
  readonly #parts: TokenParts;
  readonly #stop: () => void;

  constructor(parts: TokenParts) {
    this.#parts = parts;
    this.#stop = parts.bus.subscribe(topicOf(this.#server), (message) => this.#hear(JSON.parse(message) as Message));
  }

  make({ keyId }: Negotiated): string {
    this.#forgetOld();
    const id = randomBytes(18).toString('base64url');
    this.#unused.set(id, Date.now() + this.#parts.lifeMs);
    return this.#parts.seal.seal(JSON.stringify([this.#server, id, keyId]));
  }

  /** Null when the token is unknown, used or too old, or its server does not answer. */
  async take(token: string): Promise<Negotiated | null> {
    const text = this.#parts.seal.open(token);
    if (text === null) return null;
    const [server, id, keyId] = JSON.parse(text) as [string, string, string | null];
    const isGood = server === this.#server ? this.#use(id) : await this.#ask(server, id);
    return isGood ? { keyId } : null;
  }

  close(): void {
    this.#stop();
  }

  #use(id: string): boolean {
    const until = this.#unused.get(id);
    this.#unused.delete(id);
    return until !== undefined && until > Date.now();
  }

  /** bounded: only tokens of this installation come so far, and not more at a time than there may be. */
  #ask(server: string, id: string): Promise<boolean> {
    if (this.#asked.size >= this.#parts.maxTokens) return Promise.resolve(false);
    const ask = randomBytes(9).toString('base64url');
    return new Promise((resolve) => {
      const done = (isGood: boolean): void => {
        clearTimeout(timer);
        this.#asked.delete(ask);
        resolve(isGood);
      };
      const timer = setTimeout(() => done(false), patienceMs);
      this.#asked.set(ask, done);
      this.#say(server, { type: 'use', id, ask, from: this.#server });
    });
  }

  #hear(message: Message): void {
    if (message.type === 'answer') this.#asked.get(message.ask)?.(message.isGood);
    else this.#say(message.from, { type: 'answer', ask: message.ask, isGood: this.#use(message.id) });
  }

  #say(server: string, message: Message): void {
    this.#parts.bus.publish(topicOf(server), JSON.stringify(message));
  }

  /** The oldest are first. bounded: beyond the limit the oldest go before their time. */
  #forgetOld(): void {
    const now = Date.now();
    for (const [id, until] of this.#unused) {
      if (until > now && this.#unused.size < this.#parts.maxTokens) return;
      this.#unused.delete(id);
    }
  }
}

function topicOf(server: string): string {
  return `hub-token:${server}`;
}
