import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { findToken } from '../access/credentials.js';
import type { KeyRing } from '../access/key-ring.js';
import type { KeyLimits } from '../access/rate-limit.js';
import { requireFunction, requireScope } from '../access/scopes.js';
import type { Principal } from '../contract/principal.js';
import { defaultLane, type Scope } from '../contract/words.js';
import { LanewayError } from '../errors.js';
import { requireFunctionName, requireLaneName } from './names.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the hooks of `needs`; open routes have none. */
    principal: Principal | null;
  }
}

/** Who asks; throws 401, 403 or 429 as a LanewayError. Counts the request against the key's rate. */
export type Authorize = (request: FastifyRequest, scope: Scope, target?: Target) => Principal;

export interface AuthorizeParts {
  ring: KeyRing;
  limits: KeyLimits;
  /** Who a caller without a key is; null when such callers are refused. */
  anonymous: Principal | null;
}

export function createAuthorize(parts: AuthorizeParts): Authorize {
  return (request, scope, target) => {
    const token = findToken(request.headers, isSocket(request) ? queryOf(request.url) : null);
    const principal = token === null ? parts.anonymous : parts.ring.verify(token);
    request.principal = permit(principal, { parts, scope, target });
    return request.principal;
  };
}

/** The same for a key whose secret was checked before, by its id; null is a caller without one. */
export type AuthorizeKey = (keyId: string | null, ...asked: [scope: Scope, target?: Target]) => Principal;

export function createAuthorizeKey(parts: AuthorizeParts): AuthorizeKey {
  return (keyId, scope, target) => permit(keyId === null ? parts.anonymous : parts.ring.inForce(keyId), { parts, scope, target });
}

type Target = { function: string; lane: string };

function permit(
  principal: Principal | null,
  { parts, scope, target }: { parts: AuthorizeParts; scope: Scope; target: Target | undefined },
): Principal {
  if (principal === null) throw new LanewayError('key_missing');
  requireScope(principal, scope);
  if (target !== undefined) requireFunction(principal, target.function, target.lane);
  parts.limits.countRequest(principal);
  return principal;
}

/** A hook that lets only callers with the scope pass; on routes with a function or lane in their path also only their own. */
export function needs(authorize: Authorize, scope: Scope): onRequestHookHandler {
  return hook((request) => authorize(request, scope, targetOf(request)));
}

/** As `needs`, for routes whose `:name` is no function's (a secret's, for example), or that look at each function themselves. */
export function needsScope(authorize: Authorize, scope: Scope): onRequestHookHandler {
  return hook((request) => authorize(request, scope));
}

function hook(check: (request: FastifyRequest) => unknown): onRequestHookHandler {
  return (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void) => {
    try {
      check(request);
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}

/** The one who asked, on routes behind `needs`. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new LanewayError('key_missing');
  return request.principal;
}

function targetOf(request: FastifyRequest): { function: string; lane: string } | undefined {
  const { name, lane } = request.params as { name?: string; lane?: string };
  if (name === undefined) return undefined;
  requireFunctionName(name);
  const asked = lane ?? askedLane(request);
  requireLaneName(asked);
  return { function: name, lane: asked };
}

/** The lane of a call that names none in its path: the header, then the query, then `latest`. */
export function askedLane(request: FastifyRequest): string {
  const header = request.headers['x-laneway-lane'];
  if (typeof header === 'string' && header !== '') return header;
  const { lane } = request.query as { lane?: unknown };
  return typeof lane === 'string' && lane !== '' ? lane : defaultLane;
}

/** An `Upgrade` alone changes nothing: the request is answered like any other. */
function isSocket({ headers }: FastifyRequest): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket' && /\bupgrade\b/i.test(headers.connection ?? '');
}

function queryOf(url: string): string {
  const mark = url.indexOf('?');
  return mark === -1 ? '' : url.slice(mark + 1);
}
