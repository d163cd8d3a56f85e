import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anonymousPrincipal } from '../../src/access/anonymous.js';
import { mayUse, principalOf, requireFunction, requireScope } from '../../src/access/scopes.js';
import type { KeyRecord } from '../../src/contract/records.js';
import { scopes, type Scope } from '../../src/contract/words.js';

function keyWith(given: Partial<KeyRecord>): KeyRecord {
  return {
    id: 'abcdefgh',
    hash: '0'.repeat(64),
    name: 'test',
    scopes: ['run'],
    functions: null,
    lanes: null,
    expiresAt: null,
    ratePerMinute: null,
    maxConcurrent: null,
    createdAt: 0,
    createdBy: null,
    revokedAt: null,
    ...given,
  };
}

test('each scope gives its own right and no other, admin gives all', () => {
  for (const held of scopes) {
    const principal = principalOf(keyWith({ scopes: [held] }));
    for (const asked of scopes) {
      if (held === asked || held === 'admin') requireScope(principal, asked);
      else assert.throws(() => requireScope(principal, asked), { code: 'scope_missing', status: 403, details: { scope: asked } });
    }
  }
});

test('a scope that is not one is never held', () => {
  const principal = principalOf(keyWith({ scopes: ['run', 'read', 'push', 'serve'] }));
  for (const forged of ['', 'Run', 'admin', 'run,admin', '__proto__', 'has']) {
    assert.throws(() => requireScope(principal, forged as Scope), { code: 'scope_missing' });
  }
});

test('a bound key is for its functions and lanes only', () => {
  const principal = principalOf(keyWith({ functions: ['hello'], lanes: ['dev', 'test'] }));
  requireFunction(principal, 'hello', 'dev');
  requireFunction(principal, 'hello', 'test');
  for (const [name, lane] of [
    ['hello', 'production'],
    ['other', 'dev'],
    ['Hello', 'dev'],
    ['hello', 'DEV'],
    ['hello\0', 'dev'],
    ['hel\u006co\u0301', 'dev'],
    ['', ''],
  ] as const) {
    assert.throws(() => requireFunction(principal, name, lane), { code: 'key_not_for_function', status: 403 });
  }
});

test('an unbound or half bound key is for all of the rest', () => {
  assert.ok(mayUse(principalOf(keyWith({})), 'any', 'lane'));
  assert.ok(mayUse(principalOf(keyWith({ lanes: ['dev'] })), 'any', 'dev'));
  assert.ok(!mayUse(principalOf(keyWith({ lanes: ['dev'] })), 'any', 'latest'));
  assert.ok(mayUse(principalOf(keyWith({ functions: ['a'] })), 'a', 'latest'));
});

test('a caller without a key is nobody, may run, or may do all but administration', () => {
  assert.equal(anonymousPrincipal('no'), null);
  const run = anonymousPrincipal('run')!;
  assert.deepEqual([...run.scopes], ['run', 'read']);
  assert.equal(run.keyId, null);
  const all = anonymousPrincipal('all')!;
  for (const scope of scopes) {
    if (scope === 'admin') assert.throws(() => requireScope(all, scope), { code: 'scope_missing' });
    else requireScope(all, scope);
  }
});
