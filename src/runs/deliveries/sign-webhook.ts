import { createHmac } from 'node:crypto';

const base64Prefix = 'whsec_';

/**
 * The headers by which a receiver knows who sent a webhook and that nothing was changed, after the Standard Webhooks
 * convention. Without a secret there is no signature. Throws when the secret can't be a key.
 */
export function webhookHeaders(
  message: { id: string; seconds: number; body: string | Buffer },
  secret: string | null,
): Record<string, string> {
  const { id, seconds, body } = message;
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(seconds) };
  if (secret === null) return headers;
  const hmac = createHmac('sha256', keyOf(secret)).update(`${id}.${seconds}.`).update(body);
  return { ...headers, 'webhook-signature': `v1,${hmac.digest('base64')}` };
}

/** After `whsec_` the key is in base64, as receivers' libraries take it; any other secret is the key as it is. */
function keyOf(secret: string): Buffer {
  if (!secret.startsWith(base64Prefix)) {
    if (secret === '') throw new Error('the secret is empty');
    return Buffer.from(secret);
  }
  const text = secret.slice(base64Prefix.length);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw new Error(`the secret is not base64 after ${base64Prefix}`);
  return Buffer.from(text, 'base64');
}
