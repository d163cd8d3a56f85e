import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ConfigError } from '../config.js';
import { createPrivateFile, readPrivateFile } from './private-file.js';

/** Where the key for secrets at rest lies in the data folder. */
export const secretKeyFile = 'secret-key';

const version = 'v1.';
const nonceBytes = 12;
const tagBytes = 16;

/** AES-256-GCM text `v1.<base64url of nonce, ciphertext, tag>`; it opens under the same name only. */
export function seal(key: Buffer, name: string, value: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(boundTo(name));
  const body = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return version + Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url');
}

/** The sealed value, or null when key, name or text is not the one it was sealed with. */
export function unseal(key: Buffer, name: string, sealed: string): string | null {
  const bytes = Buffer.from(sealed.slice(version.length), 'base64url');
  if (!sealed.startsWith(version) || bytes.length < nonceBytes + tagBytes) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(boundTo(name));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  try {
    const value = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
    return value.toString('utf8');
  } catch {
    return null;
  }
}

/** The key for secrets at rest: the given 64 hexadecimal digits, else `<DATA>/secret-key`, made 0600 at the first start. */
export async function openSealKey(given: string | null, dataFolder: string): Promise<Buffer> {
  const file = join(dataFolder, secretKeyFile);
  const text = given ?? (await readPrivateFile(file)) ?? (await makeKeyFile(file));
  if (/^[0-9a-f]{64}\s*$/i.test(text)) return Buffer.from(text.trim(), 'hex');
  throw new ConfigError(`${given === null ? file : 'LANEWAY_SECRET_KEY'} must be 64 hexadecimal digits, not what is there`);
}

async function makeKeyFile(file: string): Promise<string> {
  const made = randomBytes(32).toString('hex');
  return (await createPrivateFile(file, `${made}\n`)) ? made : ((await readPrivateFile(file)) ?? '');
}

function boundTo(name: string): Buffer {
  return Buffer.from(`laneway secret\0${name}`, 'utf8');
}
