import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { test } from 'node:test';
import { decryptPayload } from '../../../src/dialects/sharpfaas/decrypt-payload.js';

const key256 = '0123456789abcdef0123456789abcdef';
const vectors = [
  [key256, '{"hello":"world"}', 'wuXfTmtFSR/KcsPsrATX3Uky7MDKQ4NpKX2/Rodrtn4='],
  ['0123456789abcdef', '{"hello":"world"}', '55opPxURr/EHyU+oyAZyttkBQAd9j/Mv3hI46EAYntg='],
  ['0123456789abcdef01234567', '{"n":1}', 'zmBHRrj9dJMQbWrjae1ZcQ=='],
  [key256, '', 'iqNiQf3o3wVNwyXGxpW4ng=='],
  [key256, '{"emoji":"héllo ✓"}', 'RskBdtXVlyAnBOAFPOCGBcXaZ1HtufUtFDaJx515mLU='],
] as const;

test("SharpFaas's own vectors are read", () => {
  for (const [key, plain, base64] of vectors) assert.equal(decryptPayload(base64, key), plain);
});

test('blanks are taken for the plus signs that a query lost, and line ends are passed over', () => {
  const [key, plain, base64] = vectors[1];
  assert.equal(decryptPayload(base64.replaceAll('+', ' '), key), plain);
  assert.equal(decryptPayload(`${base64.slice(0, 20)}\r\n${base64.slice(20)}\n`, key), plain);
});

test('the authenticated form is read, and refused when a bit was changed', () => {
  const iv = Buffer.alloc(12, 7);
  const cipher = createCipheriv('aes-256-gcm', key256, iv);
  const sealed = Buffer.concat([iv, cipher.update('{"a":1}', 'utf8'), cipher.final(), cipher.getAuthTag()]);
  assert.equal(decryptPayload(`gcm:${sealed.toString('base64')}`, key256), '{"a":1}');
  sealed[15]! ^= 1;
  refused(`gcm:${sealed.toString('base64')}`, /not encrypted with the shared key/);
  refused('gcm:AAAA', /too short/);
});

test('what is no ciphertext of the key is refused with one code', () => {
  refused('not base64!', /not Base64/);
  refused('', /not Base64/);
  refused('AAAA', /not encrypted with the shared key/);
  refused(vectors[1][2], /not encrypted with the shared key/);
  refused(vectors[0][2], /no LANEWAY_ENCRYPTION_KEY/, null);
});

function refused(text: string, problem: RegExp, key: string | null = key256): void {
  assert.throws(() => decryptPayload(text, key), { code: 'payload_not_decrypted', message: problem });
}
