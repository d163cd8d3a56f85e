import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { FunctionParams, LaneParams } from '../../contract/api/functions.js';
import { FunctionLimits, LimitBody, LimitView } from '../../contract/api/limits.js';
import { LanewayError } from '../../errors.js';
import { needs, principalOf } from '../authorize.js';
import { limitView } from '../views.js';
import type { HttpParts } from './parts.js';

type Target = { name: string; lane?: string };

/** Limits of the queue: of a function as a whole, and of one lane of it. */
export function limitRoutes(app: FastifyInstance, { runs, audit, authorize }: HttpParts): void {
  const reads = needs(authorize, 'read');
  const changes = needs(authorize, 'push');
  const nothing = { 204: { type: 'null' } } as const;

  app.get<{ Params: FunctionParams }>(
    '/functions/:name/limits',
    { onRequest: reads, schema: { params: FunctionParams, response: { 200: FunctionLimits } } },
    async ({ params }) => {
      const all = runs.limits.list(params.name);
      const whole = all.find(({ lane }) => lane === null);
      return {
        function: whole === undefined ? null : limitView(whole),
        lanes: all.flatMap((limit) => (limit.lane === null ? [] : [{ lane: limit.lane, ...limitView(limit) }])),
      };
    },
  );

  app.put<{ Params: FunctionParams; Body: LimitBody }>(
    '/functions/:name/limits',
    { onRequest: changes, schema: { params: FunctionParams, body: LimitBody, response: { 200: LimitView } } },
    set,
  );
  app.put<{ Params: LaneParams; Body: LimitBody }>(
    '/functions/:name/lanes/:lane/limits',
    { onRequest: changes, schema: { params: LaneParams, body: LimitBody, response: { 200: LimitView } } },
    set,
  );
  app.delete<{ Params: FunctionParams }>(
    '/functions/:name/limits',
    { onRequest: changes, schema: { params: FunctionParams, response: nothing } },
    remove,
  );
  app.delete<{ Params: LaneParams }>(
    '/functions/:name/lanes/:lane/limits',
    { onRequest: changes, schema: { params: LaneParams, response: nothing } },
    remove,
  );

  async function set(request: FastifyRequest<{ Params: Target; Body: LimitBody }>): Promise<LimitView> {
    const { params, body } = request;
    requireWhole(request);
    const limit = {
      function: params.name,
      lane: params.lane ?? null,
      maxRunning: body.max_running ?? null,
      maxQueued: body.max_queued ?? null,
      expiresAfterMs: body.expires_after_ms ?? null,
    };
    await runs.limits.set(limit);
    await audit({ by: request.principal, action: 'limits.set', target: targetOf(params), details: body, address: request.ip });
    return limitView({ ...limit, updatedAt: 0 });
  }

  async function remove(request: FastifyRequest<{ Params: Target }>, reply: FastifyReply): Promise<FastifyReply> {
    const { params } = request;
    requireWhole(request);
    await runs.limits.remove(params.name, params.lane ?? null);
    await audit({ by: request.principal, action: 'limits.remove', target: targetOf(params), address: request.ip });
    return reply.code(204).send();
  }
}

/** A key that is bound to some lanes has no say in what concerns all of them. */
function requireWhole(request: FastifyRequest<{ Params: Target }>): void {
  const { lanes, scopes } = principalOf(request);
  const { name, lane } = request.params;
  if (lane === undefined && lanes !== null && !scopes.has('admin')) {
    throw new LanewayError('key_not_for_function', { function: name, lane: 'any' });
  }
}

function targetOf({ name, lane }: Target): string {
  return lane === undefined ? name : `${name}/${lane}`;
}
