import { createDecipheriv } from 'node:crypto';
import { LanewayError } from '../../errors.js';

/** Marks the authenticated form, which plain Base64 can not begin with. */
const authenticated = 'gcm:';
const gcmIvBytes = 12;
const gcmTagBytes = 16;

/**
 * The text of an encrypted payload. Two forms under the same shared key, whose UTF-8 bytes are the AES key (128, 192 or 256):
 * Base64 of AES-CBC, PKCS#7, with an IV of zeros (SharpFaas's own), and `gcm:` before Base64 of a 12-byte IV, the AES-GCM
 * text and its 16-byte tag. Blanks are taken for "+", which a query that was not encoded loses.
 * Throws `payload_not_decrypted`.
 */
export function decryptPayload(text: string, key: string | null): string {
  if (key === null) throw notDecrypted('this server has no LANEWAY_ENCRYPTION_KEY');
  const keyBytes = Buffer.from(key, 'utf8');
  const isAuthenticated = text.startsWith(authenticated);
  const sealed = readBase64(isAuthenticated ? text.slice(authenticated.length) : text);
  try {
    const plain = isAuthenticated ? openGcm(sealed, keyBytes) : openCbc(sealed, keyBytes);
    return new TextDecoder('utf-8', { fatal: true }).decode(plain);
  } catch (error) {
    if (error instanceof LanewayError) throw error;
    throw notDecrypted('it was not encrypted with the shared key', error);
  }
}

function openCbc(sealed: Buffer, key: Buffer): Buffer {
  const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, Buffer.alloc(16));
  return Buffer.concat([decipher.update(sealed), decipher.final()]);
}

function openGcm(sealed: Buffer, key: Buffer): Buffer {
  if (sealed.length < gcmIvBytes + gcmTagBytes) throw notDecrypted('it is too short for the gcm form');
  const cipher = `aes-${key.length * 8}-gcm` as 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm';
  const decipher = createDecipheriv(cipher, key, sealed.subarray(0, gcmIvBytes), { authTagLength: gcmTagBytes });
  decipher.setAuthTag(sealed.subarray(-gcmTagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(gcmIvBytes, -gcmTagBytes)), decipher.final()]);
}

/** Node reads over what is not Base64; here it is refused. */
function readBase64(text: string): Buffer {
  const compact = text
    .trim()
    .replaceAll(' ', '+')
    .replace(/[\r\n\t]/g, '');
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) throw notDecrypted('it is not Base64');
  return Buffer.from(compact, 'base64');
}

function notDecrypted(problem: string, cause?: unknown): LanewayError {
  return new LanewayError('payload_not_decrypted', { problem }, cause === undefined ? {} : { cause });
}
