import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { mayUse } from '../../access/scopes.js';
import { EventParams, PublishedView, SubscriptionList, SubscriptionQuery } from '../../contract/api/events.js';
import type { EventAnswer, PublishedEvent } from '../../contract/events.js';
import { LanewayError } from '../../errors.js';
import { derivedId } from '../../runs/derived-id.js';
import { needs, needsScope, principalOf } from '../authorize.js';
import { idempotencyKeyOf, traceOf } from '../read-run-request.js';
import { takeJsonText } from '../take-json.js';
import type { HttpParts } from './parts.js';

type Publish = FastifyRequest<{ Params: EventParams; Body: string | undefined }>;

/** Events: publish, and list who subscribes. A key that is bound reaches and sees only the functions and lanes it may use. */
export function eventRoutes(app: FastifyInstance, { events, authorize, bodies, maxEventBytes }: HttpParts): void {
  takeJsonText(app, bodies);

  app.post<{ Params: EventParams; Body: string | undefined }>(
    '/events/:name',
    {
      onRequest: needsScope(authorize, 'run'),
      bodyLimit: maxEventBytes,
      schema: { description: 'The body is the data: any JSON.', params: EventParams, response: { 202: PublishedView } },
    },
    async (request, reply) => {
      const event = eventOf(request);
      return reply.code(202).send(viewOf(event, await events.publish(event)));
    },
  );

  app.get<{ Querystring: SubscriptionQuery }>(
    '/events',
    { onRequest: needs(authorize, 'read'), schema: { querystring: SubscriptionQuery, response: { 200: SubscriptionList } } },
    async (request) => {
      const principal = principalOf(request);
      const all = await events.subscriptions(request.query.event ?? null);
      return { subscriptions: all.filter(({ function: name, lane }) => mayUse(principal, name, lane)) };
    },
  );
}

function eventOf(request: Publish): PublishedEvent {
  const principal = principalOf(request);
  const { name } = request.params;
  const { 'x-caller-id': callerId } = request.headers;
  const key = readIdempotencyKey(request);
  return {
    id: key === null ? randomUUID() : derivedId('event', principal.keyId ?? '', name, key),
    name,
    data: request.body ?? null,
    callerId: typeof callerId === 'string' ? callerId.slice(0, 256) : null,
    keyId: principal.keyId,
    traceparent: traceOf(request).traceparent ?? null,
    hops: 0,
    idempotencyKey: key,
    reaches: (functionName, lane) => mayUse(principal, functionName, lane),
  };
}

/** Checked here too, because an event without subscribers asks nobody else. */
function readIdempotencyKey(request: Publish): string | null {
  const key = idempotencyKeyOf(request) ?? null;
  if (key !== null && !/^[\x20-\x7e]{1,255}$/.test(key)) throw new LanewayError('idempotency_invalid');
  return key;
}

function viewOf({ id }: PublishedEvent, { started, refused }: EventAnswer): PublishedView {
  const runs = started.map(({ runId, function: name, lane }) => ({ run_id: runId, function: name, lane }));
  return { event_id: id, runs, refused };
}
