import type { FastifyRequest } from 'fastify';
import { withoutCredentials } from '../access/credentials.js';
import { isBound, requireFunction } from '../access/scopes.js';
import type { StartRunBody } from '../contract/api/runs.js';
import type { Principal } from '../contract/principal.js';
import type { Destination } from '../contract/run-policy.js';
import { defaultLane } from '../contract/words.js';
import { LanewayError } from '../errors.js';
import { checkDestination } from '../runs/deliveries/check-destination.js';
import type { QueuedWishes, RunRequest } from '../runs/run-request.js';
import { principalOf } from './authorize.js';
import { requireRunId } from './names.js';
import { payloadText } from './payload-text.js';
import { pathOf } from './request-path.js';

/** What a queued run alone can be asked for. */
const queuedOnly = ['priority', 'delay_ms', 'run_at', 'expires_after_ms', 'retries', 'on_success', 'on_failure'] as const;

/** The run that `POST /runs` asks for. Throws what does not fit together, and what the key may not start or tell. */
export function readRunRequest(request: FastifyRequest<{ Body: StartRunBody }>, allowPrivateWebhooks: boolean): RunRequest {
  const { body } = request;
  const principal = principalOf(request);
  const lane = body.lane ?? defaultLane;
  requireFunction(principal, body.function, lane);
  for (const destination of [body.on_success, body.on_failure]) {
    if (destination !== undefined) requireDestination(destination, principal, allowPrivateWebhooks);
  }
  const queued = readWishes(request);
  return {
    ...(body.run_id === undefined ? {} : { id: requireRunId(body.run_id) }),
    ...(body.timeout_ms === undefined ? {} : { timeoutMs: body.timeout_ms }),
    ...traceOf(request),
    source: 'http',
    callerId: body.caller_id ?? null,
    keyId: principal.keyId,
    function: body.function,
    lane,
    version: body.version ?? '',
    type: null,
    entryFile: null,
    payload: body.payload === undefined ? null : payloadText(body.payload),
    invocation: { url: pathOf(request), headers: withoutCredentials(request.headers), parameters: {} },
    queued,
  };
}

/** The header's key, as callers know it from other servers. */
export function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key'];
  return typeof header === 'string' && header !== '' ? header : undefined;
}

/** A W3C trace context that came with the request; what is none is no trace. */
export function traceOf(request: FastifyRequest): { traceparent?: string } {
  const { traceparent } = request.headers;
  return typeof traceparent === 'string' && isTraceparent.test(traceparent) ? { traceparent } : {};
}

const isTraceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

function readWishes(request: FastifyRequest<{ Body: StartRunBody }>): QueuedWishes {
  const { body } = request;
  if (body.mode !== 'queued') {
    const field = queuedOnly.find((name) => body[name] !== undefined);
    if (field !== undefined) throw new LanewayError('validation_failed', { problem: `body.${field} is for mode queued only` });
  }
  if (body.delay_ms !== undefined && body.run_at !== undefined) {
    throw new LanewayError('validation_failed', { problem: 'body.delay_ms and body.run_at exclude each other' });
  }
  const key = body.idempotency_key ?? idempotencyKeyOf(request);
  return {
    ...(body.priority === undefined ? {} : { priority: body.priority }),
    ...(body.delay_ms === undefined ? {} : { delayMs: body.delay_ms }),
    ...(body.run_at === undefined ? {} : { runAt: Date.parse(body.run_at) }),
    ...(body.expires_after_ms === undefined ? {} : { expiresAfterMs: body.expires_after_ms }),
    ...(body.retries === undefined ? {} : { retries: body.retries }),
    ...(body.on_success === undefined ? {} : { onSuccess: body.on_success }),
    ...(body.on_failure === undefined ? {} : { onFailure: body.on_failure }),
    ...(key === undefined ? {} : { idempotencyKey: key }),
  };
}

/** Throws for a webhook that could never be delivered, and for what the key may not start. */
export function requireDestination(destination: Destination, principal: Principal, allowPrivateWebhooks: boolean): void {
  checkDestination(destination, allowPrivateWebhooks);
  requireWithinBinding(destination, principal);
}

/** A key that is bound to functions or lanes must not start others by way of a destination. */
export function requireWithinBinding(destination: Destination, principal: Principal): void {
  if ('function' in destination) requireFunction(principal, destination.function, destination.lane ?? defaultLane);
  if ('event' in destination && isBound(principal)) {
    throw new LanewayError('destination_invalid', { problem: 'an event may reach functions that the key is not for' });
  }
}
