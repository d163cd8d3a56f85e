import { isIP } from 'node:net';
import type { Destination } from '../../contract/run-policy.js';
import { LanewayError } from '../../errors.js';
import { refusalOfAddress } from './webhook-address.js';

/** Throws `destination_invalid` for a webhook that could never be delivered; names are judged when they are looked up. */
export function checkDestination(destination: Destination, allowPrivate: boolean): void {
  if ('webhook' in destination) readWebhookUrl(destination.webhook, allowPrivate);
}

/** The URL of a webhook; throws `destination_invalid`. */
export function readWebhookUrl(text: string, allowPrivate: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) refuse('a webhook is an http or https URL');
  if (url.username !== '' || url.password !== '') refuse("a webhook's URL can not hold credentials; sign it with a secret");
  // A name of digits or an odd spelling of an address has become the address by now.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const refusal = isIP(host) === 0 ? null : refusalOfAddress(host, allowPrivate);
  if (refusal !== null) refuse(refusal);
  return url;
}

function refuse(problem: string): never {
  throw new LanewayError('destination_invalid', { problem });
}
