import { LanewayError } from '../errors.js';
import { scopes, type Scope } from '../contract/words.js';
import type { Principal } from '../contract/principal.js';
import type { KeyRecord } from '../contract/records.js';

/** What a key's record allows; scopes that this release does not know allow nothing. */
export function principalOf(key: KeyRecord): Principal {
  return Object.freeze({
    keyId: key.id,
    scopes: new Set(scopes.filter((scope) => key.scopes.includes(scope))),
    functions: key.functions && new Set(key.functions),
    lanes: key.lanes && new Set(key.lanes),
    ratePerMinute: key.ratePerMinute,
    maxConcurrent: key.maxConcurrent,
  });
}

/** Throws `scope_missing`; `admin` holds every other scope. */
export function requireScope(principal: Principal, scope: Scope): void {
  if (principal.scopes.has(scope) || principal.scopes.has('admin')) return;
  throw new LanewayError('scope_missing', { scope });
}

/** Throws `key_not_for_function` when the key is bound to other functions or lanes. */
export function requireFunction(principal: Principal, functionName: string, lane: string): void {
  if (mayUse(principal, functionName, lane)) return;
  throw new LanewayError('key_not_for_function', { function: functionName, lane });
}

/** Whether a key's binding includes the function in that lane, for lists that leave out the rest. */
export function mayUse(principal: Principal, functionName: string, lane: string): boolean {
  if (principal.scopes.has('admin')) return true;
  return (
    (principal.functions === null || principal.functions.has(functionName)) &&
    (principal.lanes === null || principal.lanes.has(lane))
  );
}

/** Whether there are functions or lanes that a key may not use. */
export function isBound({ scopes, functions, lanes }: Principal): boolean {
  return !scopes.has('admin') && (functions !== null || lanes !== null);
}
