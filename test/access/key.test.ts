import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatKey, hashSecret, makeKey, matchesHash, parseKey } from '../../src/access/key.js';
import { settings } from '../../src/config/settings.js';

test('a made key is read back as it was', () => {
  for (let round = 0; round < 500; round += 1) {
    const key = makeKey();
    assert.deepEqual(parseKey(formatKey(key)), key);
    assert.equal(settings.ADMIN_KEY.read(formatKey(key)), formatKey(key));
  }
});

test('a secret has at least 192 bits and every character occurs in it', () => {
  const secrets = Array.from({ length: 400 }, () => makeKey().secret);
  const characters = new Set(secrets.join(''));
  assert.equal(characters.size, 62);
  assert.ok(secrets[0]!.length * Math.log2(62) >= 192);
  assert.equal(new Set(secrets).size, secrets.length);
});

test('only the exact shape is a key', () => {
  const secret = 'A'.repeat(24);
  assert.ok(parseKey(`lw_abcdefgh_${secret}`));
  const wrong = [
    '',
    'lw_',
    `lw_abcdefg_${secret}`,
    `lw_${'a'.repeat(33)}_${secret}`,
    `lw_abcdefgh_${'A'.repeat(23)}`,
    `lw_abcdefgh_${'A'.repeat(129)}`,
    `LW_abcdefgh_${secret}`,
    `lw_abcdefgh_${secret}\n`,
    ` lw_abcdefgh_${secret}`,
    `lw_abcdefgh_${secret}_`,
    `lw_abcdefgh_${secret}\0`,
    `lw_abc\u0131efgh_${secret}`,
    // A letter whose low byte is "A", and one that a normal form would turn into it.
    `lw_abcdefgh_${'A'.repeat(23)}\u0141`,
    `lw_abcdefgh_${'A'.repeat(23)}\uff21`,
    `lw\uff3fabcdefgh_${secret}`,
  ];
  for (const token of wrong) assert.equal(parseKey(token), null, JSON.stringify(token));
});

test('a hash matches its own secret only', () => {
  const { secret } = makeKey();
  const expected = Buffer.from(hashSecret(secret), 'hex');
  assert.equal(expected.length, 32);
  assert.ok(matchesHash(Buffer.from(secret), expected));
  for (let at = 0; at < secret.length; at += 1) {
    const other = secret.slice(0, at) + (secret[at] === 'x' ? 'y' : 'x') + secret.slice(at + 1);
    assert.ok(!matchesHash(Buffer.from(other), expected));
  }
});
