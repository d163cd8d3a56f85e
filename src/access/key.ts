import { hash, randomInt, timingSafeEqual } from 'node:crypto';

/** The two halves of a key `lw_<id>_<secret>`: the id is public, the secret is never kept. */
export interface Key {
  id: string;
  secret: string;
}

const shape = /^lw_([A-Za-z0-9]{8,32})_([A-Za-z0-9]{24,128})$/;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** null when the text is not shaped like a key; says nothing of whether the key is known. */
export function parseKey(token: string): Key | null {
  const match = shape.exec(token);
  return match && { id: match[1]!, secret: match[2]! };
}

/** A new random key: 12 characters of id unless one is given, 43 of secret (256 bits). */
export function makeKey(id: string = randomText(12)): Key {
  return { id, secret: randomText(43) };
}

export function formatKey(key: Key): string {
  return `lw_${key.id}_${key.secret}`;
}

/** SHA-256 of the secret half in hexadecimal: what the records keep. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/** Whether the secret is the one that was hashed; takes the same time wherever they differ. */
export function matchesHash(secret: Uint8Array, expected: Uint8Array): boolean {
  return timingSafeEqual(hash('sha256', secret, 'buffer'), expected);
}

function randomText(length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
