type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Headers that exist to carry credentials, ours or another server's; a function gets none of them. */
const alwaysRemoved = new Set(['authorization', 'proxy-authorization', 'cookie', 'cookie2']);
/** The beginning of a key anywhere in a value, also with its underscores escaped for a URL; a part of a secret is one too. */
const keyInside = /lw(?:_|%5f)[A-Za-z0-9]{8,32}(?:_|%5f)/i;

/**
 * The token a request brings, or null when it brings none. A value shaped like a key is preferred; without one the first
 * credential found is the token, so that a wrong one is refused rather than taken for none.
 * `query` is the raw query string, given for sockets only: other URLs end up in logs and histories.
 */
export function findToken(headers: Headers, query: string | null): string | null {
  const bearer = first(headers['authorization']);
  if (bearer?.startsWith('Bearer lw_')) return bearer.slice(7).trim();
  const found = [
    ...tokensInAuthorization(bearer),
    ...tokensIn(first(headers['x-api-key'])),
    ...tokensIn(first(headers['token'])),
    ...(query === null ? [] : tokensInQuery(query)),
  ];
  return found.find((token) => token.startsWith('lw_')) ?? found[0] ?? null;
}

/** Whether there is a key, or the beginning of one, in a text. */
export function carriesKey(text: string): boolean {
  return keyInside.test(text);
}

/** What may be handed to a function: header names in lower case, without any that carried a credential. */
export function withoutCredentials(headers: Headers): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const text = Array.isArray(value) ? value.join(', ') : (value as string | undefined);
    const lower = name.toLowerCase();
    if (text !== undefined && !alwaysRemoved.has(lower) && !carriesKey(text)) setOwn(kept, lower, text);
  }
  return kept;
}

/** Query parameters without those that carried a key. */
export function withoutCredentialParameters(parameters: Readonly<Record<string, string>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(parameters)) if (!carriesKey(value)) setOwn(kept, name, value);
  return kept;
}

/** Text in which every key has its secret blotted out, for logs and the audit table. */
export function blotOutKeys(text: string): string {
  return text.replace(/lw(_|%5f)([A-Za-z0-9]{8,32})(?:_|%5f)[A-Za-z0-9]{24,}/gi, 'lw$1$2$1***');
}

function tokensInAuthorization(value: string | undefined): string[] {
  const text = value?.trim() ?? '';
  const scheme = /^(bearer|token|basic)\s+/i.exec(text);
  if (scheme === null) return [];
  const credential = text.slice(scheme[0].length);
  if (scheme[1]!.toLowerCase() !== 'basic' || credential.startsWith('lw_')) return tokensIn(credential);
  return tokensInBasic(credential);
}

/** The key may be the user or the password, as `curl -u` and various clients send it. */
function tokensInBasic(credential: string): string[] {
  const text = Buffer.from(credential, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1) return tokensIn(text);
  return [...tokensIn(text.slice(colon + 1)), ...tokensIn(text.slice(0, colon))];
}

function tokensInQuery(query: string): string[] {
  const parameters = new URLSearchParams(query);
  return ['access_token', 'token'].flatMap((name) => parameters.getAll(name).flatMap(tokensIn));
}

function tokensIn(value: string | undefined): string[] {
  const token = value?.trim() ?? '';
  return token === '' ? [] : [token];
}

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

/** Assigning to `__proto__` would not make a property. */
function setOwn(target: Record<string, string>, name: string, value: string): void {
  if (name === '__proto__') Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
  else target[name] = value;
}
