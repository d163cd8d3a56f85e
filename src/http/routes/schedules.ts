import type { FastifyInstance, FastifyRequest } from 'fastify';
import { mayUse, requireFunction } from '../../access/scopes.js';
import { RunView } from '../../contract/api/runs.js';
import {
  ScheduleBody,
  ScheduleChange,
  ScheduleDetail,
  ScheduleList,
  ScheduleParams,
  ScheduleQuery,
} from '../../contract/api/schedules.js';
import type { ScheduleRecord, ScheduleWish } from '../../contract/schedules.js';
import { defaultLane } from '../../contract/words.js';
import { LanewayError } from '../../errors.js';
import { needs, principalOf } from '../authorize.js';
import { payloadText } from '../payload-text.js';
import { requireDestination } from '../read-run-request.js';
import { scheduleDetail, scheduleView } from '../schedule-views.js';
import { runView } from '../views.js';
import type { HttpParts } from './parts.js';

type ById = { Params: ScheduleParams };
const path = '/schedules/:id';
/** A payload of 64 KiB, in whatever way it is escaped. */
const bodyLimit = 512 * 1024;

/** Schedules: make, list, get, change, remove, pause, resume, run now. A key sees and changes those of its functions. */
export function scheduleRoutes(app: FastifyInstance, parts: HttpParts): void {
  const { schedules, store, runs, audit, authorize, allowPrivateWebhooks } = parts;
  const reads = needs(authorize, 'read');
  const starts = needs(authorize, 'run');
  const byId = { params: ScheduleParams };
  const answersOne = { ...byId, response: { 200: ScheduleDetail } };

  app.post<{ Body: ScheduleBody }>(
    '/schedules',
    { onRequest: starts, bodyLimit, schema: { body: ScheduleBody, response: { 201: ScheduleDetail } } },
    async (request, reply) => {
      const { function: functionName, lane = defaultLane } = request.body;
      const wish = await wishOf(request, { function: functionName, lane });
      const made = await schedules.make(functionName, lane, wish);
      await note(request, 'schedule.create', made);
      return reply
        .code(201)
        .header('location', `/api/v1/schedules/${made.id}`)
        .send(await detail(made));
    },
  );

  app.get<{ Querystring: ScheduleQuery }>(
    '/schedules',
    { onRequest: reads, schema: { querystring: ScheduleQuery, response: { 200: ScheduleList } } },
    async (request) => {
      const principal = principalOf(request);
      const all = await schedules.list(request.query);
      return { schedules: all.filter((schedule) => mayUse(principal, schedule.function, schedule.lane)).map(scheduleView) };
    },
  );

  app.get<ById>(path, { onRequest: reads, schema: answersOne }, async (request) => detail(await allowed(request)));

  app.put<ById & { Body: ScheduleChange }>(
    path,
    { onRequest: starts, bodyLimit, schema: { ...answersOne, body: ScheduleChange } },
    async (request) => {
      const { id, ...place } = await allowed(request);
      const changed = await schedules.change(id, await wishOf(request, place));
      await note(request, 'schedule.change', changed);
      return detail(changed);
    },
  );

  app.delete<ById>(
    path,
    { onRequest: starts, schema: { ...byId, response: { 204: { type: 'null' } } } },
    async (request, reply) => {
      const schedule = await allowed(request);
      await schedules.remove(schedule.id);
      await note(request, 'schedule.delete', schedule);
      return reply.code(204).send();
    },
  );

  for (const action of ['pause', 'resume'] as const) {
    app.post<ById>(`${path}/${action}`, { onRequest: starts, schema: answersOne }, async (request) => {
      const { id } = await allowed(request);
      const changed = await schedules[action](id);
      await note(request, `schedule.${action}`, changed);
      return detail(changed);
    });
  }

  app.post<ById>(
    `${path}/run`,
    { onRequest: starts, schema: { ...byId, response: { 202: RunView } } },
    async (request, reply) => {
      const schedule = await allowed(request);
      const runId = await schedules.runNow(schedule.id);
      reply.header('x-run-id', runId).header('location', `/api/v1/runs/${runId}`);
      return reply.code(202).send(runView(await runs.find.get(runId)));
    },
  );

  async function detail(schedule: ScheduleRecord): Promise<ScheduleDetail> {
    return scheduleDetail(schedule, await schedules.outlook(schedule));
  }

  /** A schedule whose function the caller's key may use; any other is not found. */
  async function allowed(request: FastifyRequest<ById>): Promise<ScheduleRecord> {
    const schedule = await schedules.get(request.params.id.toLowerCase());
    if (mayUse(principalOf(request), schedule.function, schedule.lane)) return schedule;
    throw new LanewayError('schedule_not_found', { id: request.params.id });
  }

  /** Checked for what only the ways in know: what the key may use, and whether there is such a version. */
  async function wishOf(
    request: FastifyRequest<{ Body: ScheduleChange }>,
    { function: functionName, lane }: { function: string; lane: string },
  ): Promise<ScheduleWish> {
    const { body } = request;
    const principal = principalOf(request);
    requireFunction(principal, functionName, lane);
    const failed = body.on_failure;
    if (failed !== undefined) requireDestination(failed, principal, allowPrivateWebhooks);
    await store.resolve(functionName, lane, body.version ?? '');
    return {
      name: body.name ?? null,
      version: body.version ?? '',
      ...(body.cron === undefined ? {} : { cron: body.cron }),
      ...(body.time_zone === undefined ? {} : { timeZone: body.time_zone }),
      ...(body.every_ms === undefined ? {} : { everyMs: body.every_ms }),
      ...(body.at === undefined ? {} : { at: Date.parse(body.at) }),
      payload: body.payload === undefined ? null : payloadText(body.payload),
      ...(body.overlap === undefined ? {} : { overlap: body.overlap }),
      ...(body.catch_up === undefined ? {} : { catchUp: body.catch_up }),
      ...(failed === undefined ? {} : { onFailure: failed }),
      keyId: principal.keyId,
    };
  }

  function note(request: FastifyRequest, action: string, schedule: ScheduleRecord): Promise<void> {
    const { id, name, function: functionName, lane, timing } = schedule;
    const target = `${functionName}/${lane}/${name}`;
    return audit({ by: request.principal, action, target, details: { id, timing }, address: request.ip });
  }
}
