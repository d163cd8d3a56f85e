import type { Attempt } from '../contract/executor.js';

/** JSON text of the SharpFaas payload object, for manifests with `payload: envelope`. */
export function buildEnvelope(attempt: Attempt): string {
  return JSON.stringify({
    Url: attempt.url,
    InstanceId: attempt.runId,
    CallerId: attempt.callerId ?? '',
    Headers: Object.fromEntries(Object.entries(attempt.headers).map(([name, value]) => [canonicalName(name), value])),
    Parameters: attempt.parameters,
    Body: attempt.payload ?? '',
  });
}

const irregular: Record<string, string> = {
  dnt: 'DNT',
  etag: 'ETag',
  te: 'TE',
  'www-authenticate': 'WWW-Authenticate',
  'x-ua-compatible': 'X-UA-Compatible',
  'x-xss-protection': 'X-XSS-Protection',
};

/** Node gives header names in lower case; functions written for SharpFaas look for `Content-Type`. */
function canonicalName(name: string): string {
  return irregular[name] ?? name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}
