import { createHash } from 'node:crypto';

/**
 * An id that follows from words: the same ones give the same id on every server, so that what is done again after a crash is
 * found to be done. A UUID of version 8.
 */
export function derivedId(
  kind: 'run end' | 'event' | 'event run' | 'schedule' | 'run',
  ...words: readonly (string | number)[]
): string {
  const hash = createHash('sha256').update(JSON.stringify(['laneway', kind, ...words]));
  const bytes = hash.digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
