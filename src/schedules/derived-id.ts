import { createHash } from 'node:crypto';

/**
 * A GUID that follows from the given words, so that every server makes the same: SHA-256 in the shape of a UUID of
 * version 8 (RFC 9562, section 5.8).
 */
export function derivedId(kind: 'schedule' | 'run', ...words: readonly (string | number)[]): string {
  const bytes = createHash('sha256')
    .update(JSON.stringify(['laneway', kind, ...words]))
    .digest()
    .subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
