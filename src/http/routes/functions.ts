import type { FastifyInstance } from 'fastify';
import { mayUse } from '../../access/scopes.js';
import {
  FunctionList,
  FunctionParams,
  FunctionState,
  LaneParams,
  LaneState,
  PinBody,
  PromoteBody,
  SplitBody,
  VersionView,
} from '../../contract/api/functions.js';
import { LanewayError } from '../../errors.js';
import { needs, needsScope, principalOf } from '../authorize.js';
import { laneState, versionText, versionView } from '../views.js';
import type { HttpParts } from './parts.js';

/** Functions and lanes: list, pin (rollback), split (canary), promote. */
export function functionRoutes(app: FastifyInstance, { store, authorize, audit }: HttpParts): void {
  const reads = needs(authorize, 'read');
  const pushes = needs(authorize, 'push');

  app.get('/functions', { onRequest: reads, schema: { response: { 200: FunctionList } } }, async (request) => {
    const principal = principalOf(request);
    const functions = await store.functions();
    const mine = functions.map(({ name, lanes }) => ({ name, lanes: lanes.filter((lane) => mayUse(principal, name, lane)) }));
    return { functions: mine.filter(({ lanes }) => lanes.length > 0) };
  });

  app.get<{ Params: FunctionParams }>(
    '/functions/:name',
    {
      // Each of its lanes is looked at below.
      onRequest: needsScope(authorize, 'read'),
      schema: { params: FunctionParams, response: { 200: FunctionState } },
    },
    async (request) => {
      const { name } = request.params;
      const principal = principalOf(request);
      const lanes = (await store.lanes(name)).filter(({ lane }) => mayUse(principal, name, lane));
      if (lanes.length === 0) throw new LanewayError('function_not_found', { function: name });
      return { name, lanes: lanes.map(laneState) };
    },
  );

  const lanePath = '/functions/:name/lanes/:lane';
  const laneSchema = { params: LaneParams, response: { 200: LaneState } };

  app.get<{ Params: LaneParams }>(lanePath, { onRequest: reads, schema: laneSchema }, async ({ params }) =>
    laneState(await store.lane(params.name, params.lane)),
  );

  app.put<{ Params: LaneParams; Body: PinBody }>(
    `${lanePath}/pin`,
    { onRequest: pushes, schema: { ...laneSchema, body: PinBody } },
    async (request) => {
      const { name, lane } = request.params;
      const state = await store.pin(name, lane, request.body.version);
      await note(request, 'lane.pin', { version: request.body.version });
      return laneState(state);
    },
  );

  app.put<{ Params: LaneParams; Body: SplitBody }>(
    `${lanePath}/split`,
    { onRequest: pushes, schema: { ...laneSchema, body: SplitBody } },
    async (request) => {
      const { name, lane } = request.params;
      const state = await store.split(name, lane, request.body.parts);
      await note(request, 'lane.split', { parts: request.body.parts.map(({ version, weight }) => `${version}=${weight}`) });
      return laneState(state);
    },
  );

  for (const what of ['pin', 'split']) {
    app.delete<{ Params: LaneParams }>(`${lanePath}/${what}`, { onRequest: pushes, schema: laneSchema }, async (request) => {
      const state = await store.unpin(request.params.name, request.params.lane);
      await note(request, 'lane.unpin');
      return laneState(state);
    });
  }

  app.post<{ Params: LaneParams; Body: PromoteBody }>(
    `${lanePath}/promote`,
    { onRequest: pushes, schema: { params: LaneParams, body: PromoteBody, response: { 201: VersionView } } },
    async (request, reply) => {
      const { name, lane } = request.params;
      const { from_lane: fromLane, version: asked = '', new_major: newMajor = false } = request.body;
      authorize(request, 'read', { function: name, lane: fromLane });
      const { version } = await store.resolve(name, fromLane, asked);
      const made = await store.promote(name, { lane: fromLane, version }, lane, newMajor, principalOf(request).keyId);
      await note(request, 'version.promote', { from: `${fromLane}/${version}`, version: versionText(made) });
      return reply.code(201).send(versionView(made));
    },
  );

  function note(
    request: { principal: Parameters<typeof audit>[0]['by']; params: LaneParams; ip: string },
    action: string,
    details: Record<string, unknown> = {},
  ): Promise<void> {
    const { name, lane } = request.params;
    return audit({ by: request.principal, action, target: `${name}/${lane}`, details, address: request.ip });
  }
}
