const actions = new Set([
  'pushfunction',
  'runfunction',
  'checkfunction',
  'getactivefunctions',
  'cancelfunction',
  'getserverstatus',
]);

// Sticky, so that nothing is cut from a url before it is known to be one of ours.
const actionPath = /\/api\/(?:function\/)?([a-z]+)\/?(?=\?|$)/iy;
const hubPath = /\/functions(\/negotiate)?\/?(?=\?|$)/iy;

/**
 * The one spelling under which a SharpFaas route is registered, for Fastify's `rewriteUrl`: ASP.NET takes any letter case
 * and a slash at the end. The query is left as it is, and so is every other url of this server, which is case-sensitive.
 */
export function canonicalUrl(url: string): string {
  // The letter after the first slash decides for most urls, in either case.
  const initial = url.charCodeAt(1) | 0x20;
  if (initial === 0x61) return canonicalAction(url);
  if (initial === 0x66) return canonicalHub(url);
  return url;
}

function canonicalAction(url: string): string {
  // "/api/v1/..." is the native API.
  if (url.charCodeAt(6) === 0x31) return url;
  actionPath.lastIndex = 0;
  const action = actionPath.exec(url)?.[1]?.toLowerCase();
  return action !== undefined && actions.has(action) ? `/api/function/${action}${url.slice(actionPath.lastIndex)}` : url;
}

function canonicalHub(url: string): string {
  // "/function/..." are the functions themselves.
  if ((url.charCodeAt(9) | 0x20) !== 0x73) return url;
  hubPath.lastIndex = 0;
  const match = hubPath.exec(url);
  return match === null ? url : `/functions${match[1]?.toLowerCase() ?? ''}${url.slice(hubPath.lastIndex)}`;
}
