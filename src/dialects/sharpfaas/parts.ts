import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Audit } from '../../access/audit.js';
import type { Bus } from '../../contract/bus.js';
import type { Principal } from '../../contract/principal.js';
import type { FunctionStore } from '../../contract/store.js';
import type { Scope } from '../../contract/words.js';
import type { BodyBudget } from '../../runs/body-budget.js';
import type { Runs } from '../../runs/open-runs.js';
import type { TokenSeal } from './hub/negotiated-tokens.js';

/**
 * Who asks, if that caller may do this to that function and lane; throws the LanewayError of refusal (401, 403, 429).
 * Finds the credential in the headers, and for the hub in the query too.
 */
type Authorize = (request: FastifyRequest, scope: Scope, target?: { function: string; lane: string }) => Principal;

/** The same for a key that was checked before, and may have been revoked since; null is a caller without one. */
type AuthorizeKey = (keyId: string | null, scope: Scope, target?: { function: string; lane: string }) => Principal;

/** What the dialect translates to. */
export interface SharpFaasParts {
  runs: Pick<Runs, 'accept' | 'cancel'> & {
    find: Pick<Runs['find'], 'get' | 'list'>;
    following: Pick<Runs['following'], 'follow'>;
  };
  store: Pick<FunctionStore, 'push'>;
  authorize: Authorize;
  authorizeKey: AuthorizeKey;
  /** For tokens that other servers of the installation must understand, and know to be ours. */
  seal: TokenSeal;
  bus: Bus;
  audit: Audit;
  /** SharpFaas's shared payload key; null refuses encrypted payloads. */
  encryptionKey: string | null;
  limits: SharpFaasLimits;
  log: Logger;
  /** Room for large payloads. */
  bodies: BodyBudget;
  /** Other times than SignalR's own, for tests. */
  hubTimes?: HubTimes;
}

interface SharpFaasLimits {
  maxUploadBytes: number;
  maxPayloadBytes: number;
  /** Open hub connections. */
  maxConnections: number;
}

/** Milliseconds. */
export interface HubTimes {
  /** A client that has not shaken hands by then is let go. */
  handshakeMs: number;
  /** After this long without a word from here, a ping is sent. */
  pingMs: number;
  /** A client that says nothing for this long is let go. */
  silenceMs: number;
  /** How long a negotiated token waits for its connection. */
  tokenMs: number;
}
