import { randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../../../contract/principal.js';

/** What a token stands for. */
export interface Negotiated {
  principal: Principal;
  /** The request that carried the caller's credential. */
  request: FastifyRequest;
}

/** Promises of a connection: random, good for one use and a short time, kept for whoever negotiated. */
export class NegotiatedTokens {
  readonly #tokens = new Map<string, Negotiated & { until: number }>();

  constructor(
    private readonly lifeMs: number,
    private readonly maxTokens: number,
  ) {}

  make(negotiated: Negotiated): string {
    this.#forgetOld();
    const token = randomBytes(24).toString('base64url');
    this.#tokens.set(token, { ...negotiated, until: Date.now() + this.lifeMs });
    return token;
  }

  /** Null when the token is unknown, used or too old. */
  take(token: string): Negotiated | null {
    const found = this.#tokens.get(token);
    this.#tokens.delete(token);
    return found !== undefined && found.until > Date.now() ? found : null;
  }

  /** The oldest are first. bounded: beyond the limit the oldest go before their time. */
  #forgetOld(): void {
    const now = Date.now();
    for (const [token, { until }] of this.#tokens) {
      if (until > now && this.#tokens.size < this.maxTokens) return;
      this.#tokens.delete(token);
    }
  }
}
