import { LanewayError } from '../errors.js';
import type { Principal } from '../contract/principal.js';

interface Bucket {
  tokens: number;
  at: number;
}

/** All callers without a key share one bucket; no key id looks like this. */
const keyless = '(no key)';
const noRelease = (): void => {};

/**
 * Requests a minute and calls under way, per key and on this server. A bucket holds one minute's requests and is
 * refilled by the time that went by when it is looked at, so there is no timer.
 */
export class KeyLimits {
  readonly #defaultRate: number;
  readonly #clock: () => number;
  readonly #buckets = new Map<string, Bucket>();
  readonly #underWay = new Map<string, number>();
  #sweepAbove = 10_000;

  /** `defaultRate` is for keys that name none, 0 is no limit. The clock tells milliseconds and never goes back. */
  constructor(defaultRate: number, clock: () => number) {
    this.#defaultRate = defaultRate;
    this.#clock = clock;
  }

  /** Counts one request; throws `rate_limited` with the whole seconds until the next one is allowed. */
  countRequest(principal: Principal): void {
    const rate = principal.ratePerMinute ?? this.#defaultRate;
    if (rate <= 0) return;
    const bucket = this.#filledBucket(principal.keyId ?? keyless, rate);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return;
    }
    const seconds = Math.max(1, Math.ceil(((1 - bucket.tokens) * 60) / rate));
    throw new LanewayError('rate_limited', { limit: rate, seconds }, { retryAfter: seconds });
  }

  /** Takes one of the key's places for a call; throws `key_concurrency`. The answer gives it back, once. */
  enterCall(principal: Principal): () => void {
    const limit = principal.maxConcurrent;
    if (limit === null) return noRelease;
    const id = principal.keyId ?? keyless;
    const count = this.#underWay.get(id) ?? 0;
    if (count >= limit) throw new LanewayError('key_concurrency', { limit });
    this.#underWay.set(id, count + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#leave(id);
    };
  }

  /** How many keys it remembers something of. */
  get size(): number {
    return this.#buckets.size;
  }

  #leave(id: string): void {
    const count = (this.#underWay.get(id) ?? 1) - 1;
    if (count > 0) this.#underWay.set(id, count);
    else this.#underWay.delete(id);
  }

  #filledBucket(id: string, rate: number): Bucket {
    const now = this.#clock();
    const bucket = this.#buckets.get(id);
    if (bucket === undefined) return this.#newBucket(id, { tokens: rate, at: now });
    bucket.tokens = Math.min(rate, bucket.tokens + (Math.max(0, now - bucket.at) * rate) / 60_000);
    bucket.at = now;
    return bucket;
  }

  /** bounded: a bucket unused for a minute is full again, and a full one says no more than none. */
  #newBucket(id: string, bucket: Bucket): Bucket {
    if (this.#buckets.size >= this.#sweepAbove) {
      for (const [id, { at }] of this.#buckets) if (bucket.at - at >= 60_000) this.#buckets.delete(id);
      this.#sweepAbove = Math.max(10_000, this.#buckets.size * 2);
    }
    this.#buckets.set(id, bucket);
    return bucket;
  }
}
