import { timingSafeEqual } from 'node:crypto';
import type { Bus } from '../contract/bus.js';
import type { KeyRecord, KeyRecords } from '../contract/records.js';
import { LanewayError } from '../errors.js';
import { issueKey, type IssuedKey, type KeyWish } from './issue-key.js';
import { keepFresh, type Freshness } from './keep-fresh.js';
import { matchesHash, parseKey } from './key.js';
import type { Principal } from '../contract/principal.js';
import { principalOf } from './scopes.js';

export interface KeyRingOptions {
  records: KeyRecords;
  bus: Bus;
  /** How often keys are read again besides messages; null when no other server writes them. */
  pollMs: number | null;
  clock: () => number;
  /** A key could not be read again; the known ones stay in force. */
  onError: (error: unknown) => void;
}

interface Entry {
  principal: Principal;
  hash: Buffer;
  expiresAt: number;
  revoked: boolean;
  /** The secret's bytes once the hash was checked, so that later checks need no hashing. */
  verified: Uint8Array | null;
}

/** Takes part in the check of unknown ids, so that they cost what a wrong secret costs. */
const nobody: Entry = {
  principal: Object.freeze({
    keyId: null,
    scopes: new Set<never>(),
    functions: null,
    lanes: null,
    ratePerMinute: null,
    maxConcurrent: null,
  }),
  hash: Buffer.alloc(32),
  expiresAt: 0,
  revoked: true,
  verified: null,
};

/** Every key of the installation in memory: checking one reads no disk and no network. */
export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #freshness: Freshness;
  #entries = new Map<string, Entry>();
  #limited: readonly { id: string; max: number }[] = [];

  static async open(options: KeyRingOptions): Promise<KeyRing> {
    const ring = new KeyRing(options);
    try {
      await ring.#freshness.refresh();
    } catch (error) {
      ring.close();
      throw error;
    }
    return ring;
  }

  private constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#freshness = keepFresh({ ...options, topic: 'keys', load: () => this.#load() });
  }

  /** The principal of a key; throws `key_invalid` for one that is unknown, wrong, revoked or expired, without telling which. */
  verify(token: string): Principal {
    const key = parseKey(token);
    if (key === null) throw new LanewayError('key_invalid');
    const entry = this.#entries.get(key.id) ?? nobody;
    // Safe as latin1: parseKey admits ASCII only, so no two secrets share their bytes.
    const secret = Buffer.from(key.secret, 'latin1');
    const right = isVerified(entry, secret) || checkHash(entry, secret);
    if (!right || entry.revoked || entry.expiresAt <= this.#options.clock()) throw new LanewayError('key_invalid');
    return entry.principal;
  }

  /** The principal of a key whose secret was checked before; throws `key_invalid` when it was revoked or has expired since. */
  inForce(id: string): Principal {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.revoked || entry.expiresAt <= this.#options.clock()) throw new LanewayError('key_invalid');
    return entry.principal;
  }

  /** Makes a key; its token is in the answer and nowhere else. Other servers know it at once. */
  async issue(wish: KeyWish): Promise<IssuedKey> {
    const issued = await issueKey(this.#options.records, wish, this.#options.clock());
    await this.#changed(issued.record.id);
    return issued;
  }

  /** Refused here when this resolves, on other servers at once or within 5 s. Throws `key_not_found`. */
  async revoke(id: string): Promise<void> {
    const done = await this.#options.records.revoke(id, this.#options.clock());
    await this.#changed(id);
    if (!done) throw new LanewayError('key_not_found', { id });
  }

  /** Keys whose runs under way are limited, and to how many. */
  get limited(): readonly { id: string; max: number }[] {
    return this.#limited;
  }

  close(): void {
    this.#freshness.close();
  }

  async #changed(id: string): Promise<void> {
    this.#options.bus.publish('keys', id);
    await this.#freshness.refresh();
  }

  async #load(): Promise<void> {
    const records = await this.#options.records.all();
    const entries = records.map((record) => [record.id, this.#entryOf(record)] as const);
    this.#entries = new Map(entries);
    this.#limited = records.flatMap(({ id, maxConcurrent, revokedAt }) =>
      maxConcurrent === null || revokedAt !== null ? [] : [{ id, max: maxConcurrent }],
    );
  }

  #entryOf(record: KeyRecord): Entry {
    const hash = /^[0-9a-f]{64}$/i.test(record.hash) ? Buffer.from(record.hash, 'hex') : nobody.hash;
    const known = this.#entries.get(record.id);
    return {
      principal: principalOf(record),
      hash,
      expiresAt: record.expiresAt ?? Infinity,
      revoked: record.revokedAt !== null,
      verified: known?.hash.equals(hash) ? known.verified : null,
    };
  }
}

function isVerified(entry: Entry, secret: Buffer): boolean {
  return entry.verified !== null && entry.verified.length === secret.length && timingSafeEqual(entry.verified, secret);
}

function checkHash(entry: Entry, secret: Buffer): boolean {
  if (!matchesHash(secret, entry.hash) || entry === nobody) return false;
  entry.verified = Uint8Array.from(secret);
  return true;
}
