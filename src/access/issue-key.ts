import type { KeyRecord, KeyRecords } from '../contract/records.js';
import { functionNamePattern, laneNamePattern, scopes, type Scope } from '../contract/words.js';
import { LanewayError } from '../errors.js';
import { formatKey, hashSecret, makeKey } from './key.js';

/** What a new key shall be; only name and scopes have to be said. */
export interface KeyWish {
  name: string;
  scopes: readonly Scope[];
  functions?: readonly string[] | null;
  lanes?: readonly string[] | null;
  /** Epoch milliseconds. */
  expiresAt?: number | null;
  ratePerMinute?: number | null;
  maxConcurrent?: number | null;
  /** The id of the key that made it. */
  createdBy?: string | null;
}

export interface IssuedKey {
  /** `lw_<id>_<secret>`: shown once, kept nowhere. */
  token: string;
  record: KeyRecord;
}

/** Records a new key. Throws `validation_failed` for a wish that makes no sense. */
export async function issueKey(records: KeyRecords, wish: KeyWish, now: number): Promise<IssuedKey> {
  refuseNonsense(wish, now);
  const key = makeKey();
  const record: KeyRecord = {
    id: key.id,
    hash: hashSecret(key.secret),
    name: wish.name,
    scopes: scopes.filter((scope) => wish.scopes.includes(scope)),
    functions: wish.functions ? [...wish.functions] : null,
    lanes: wish.lanes ? [...wish.lanes] : null,
    expiresAt: wish.expiresAt ?? null,
    ratePerMinute: wish.ratePerMinute ?? null,
    maxConcurrent: wish.maxConcurrent ?? null,
    createdAt: now,
    createdBy: wish.createdBy ?? null,
    revokedAt: null,
  };
  await records.insert(record);
  return { token: formatKey(key), record };
}

function refuseNonsense(wish: KeyWish, now: number): void {
  const problem = problemOf(wish, now);
  if (problem !== null) throw new LanewayError('validation_failed', { problem });
}

function problemOf(wish: KeyWish, now: number): string | null {
  if (!/^[^\p{C}]{1,128}$/u.test(wish.name)) return 'name must be 1 to 128 printable characters';
  if (wish.scopes.length === 0 || !wish.scopes.every((scope) => scopes.includes(scope))) {
    return `scopes must be one or more of ${scopes.join(', ')}`;
  }
  const bound = (wish.functions ?? null) !== null || (wish.lanes ?? null) !== null;
  if (bound && wish.scopes.includes('admin')) return 'an admin key can not be bound to functions or lanes: it can make any key';
  if (!allMatch(wish.functions, functionNamePattern)) return 'functions must be 1 to 1000 names of functions, or absent for all';
  if (!allMatch(wish.lanes, laneNamePattern)) return 'lanes must be 1 to 1000 names of lanes, or absent for all';
  if (!isAbsentOrFrom(wish.expiresAt, now + 1)) return 'expires_at must be a time to come, or absent for never';
  if (!isAbsentOrFrom(wish.ratePerMinute, 1)) return 'rate_per_minute must be a whole number from 1, or absent';
  if (!isAbsentOrFrom(wish.maxConcurrent, 1)) return 'max_concurrent must be a whole number from 1, or absent';
  return null;
}

function allMatch(names: readonly string[] | null | undefined, pattern: string): boolean {
  if (names === null || names === undefined) return true;
  const allowed = new RegExp(pattern);
  return names.length > 0 && names.length <= 1000 && names.every((name) => allowed.test(name));
}

function isAbsentOrFrom(value: number | null | undefined, min: number): boolean {
  return value === null || value === undefined || (Number.isSafeInteger(value) && value >= min);
}
