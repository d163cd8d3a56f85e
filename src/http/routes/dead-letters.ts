import type { FastifyInstance, FastifyRequest } from 'fastify';
import { mayUse } from '../../access/scopes.js';
import {
  BulkAnswer,
  BulkFilter,
  BulkRedriveBody,
  DeadLetterCounts,
  RedriveBody,
  RunPage,
  RunQuery,
  RunView,
} from '../../contract/api/runs.js';
import type { RunRecord } from '../../contract/records.js';
import { LanewayError } from '../../errors.js';
import { needs, principalOf } from '../authorize.js';
import { requireRunId } from '../names.js';
import { nextCursor, readBulkFilter, readCursor, readRunFilter } from '../run-filter.js';
import { runView } from '../views.js';
import type { HttpParts } from './parts.js';

type OneLetter = { Params: { id: string } };

/** Queued runs that failed or expired: list, count, start anew, throw away; one or many. */
export function deadLetterRoutes(app: FastifyInstance, { runs, records, audit, authorize }: HttpParts): void {
  const reads = needs(authorize, 'read');
  const starts = needs(authorize, 'run');

  app.get<{ Querystring: RunQuery }>(
    '/dead-letters',
    { onRequest: reads, schema: { querystring: RunQuery, response: { 200: RunPage } } },
    async (request) => {
      const { limit = 50, cursor } = request.query;
      const found = await records.runs.list({ ...readRunFilter(request.query), dead: true }, limit, readCursor(cursor));
      return { runs: found.filter(isAllowed(request)).map(runView), next_cursor: nextCursor(found, limit) };
    },
  );

  app.get('/dead-letters/counts', { onRequest: reads, schema: { response: { 200: DeadLetterCounts } } }, async (request) => {
    const principal = principalOf(request);
    const counts = (await runs.deadLetters.count()).filter(({ function: name, lane }) => mayUse(principal, name, lane));
    return {
      total: counts.reduce((sum, { runs: some }) => sum + some, 0),
      lanes: counts.map(({ function: name, lane, runs: some }) => ({ function: name, lane, dead_letters: some })),
    };
  });

  app.post<OneLetter & { Body: RedriveBody }>(
    '/dead-letters/:id/redrive',
    { onRequest: starts, schema: { body: RedriveBody, response: { 202: RunView } } },
    async (request, reply) => {
      const { id } = await allowedRun(request);
      const { version = 'same' } = request.body;
      const redriven = await runs.deadLetters.redrive(id, { version, keyId: principalOf(request).keyId });
      reply.header('x-run-id', redriven.id).header('location', `/api/v1/runs/${redriven.id}`);
      return reply.code(202).send(runView(await runs.find.get(redriven.id)));
    },
  );

  app.post<{ Body: BulkRedriveBody }>(
    '/dead-letters/redrive',
    { onRequest: starts, schema: { body: BulkRedriveBody, response: { 200: BulkAnswer } } },
    async (request) => {
      const { filter = {}, version = 'same' } = request.body;
      const how = { version, keyId: principalOf(request).keyId };
      const outcome = await runs.deadLetters.redriveAll(readBulkFilter(filter, principalOf(request)), how, isAllowed(request));
      await noteBulk(request, 'dead_letters.redrive', { ...filter, done: outcome.done });
      return outcome;
    },
  );

  app.delete<OneLetter>(
    '/dead-letters/:id',
    { onRequest: starts, schema: { response: { 204: { type: 'null' } } } },
    async (request, reply) => {
      const { id } = await allowedRun(request);
      await runs.deadLetters.purge(id);
      await audit({ by: request.principal, action: 'dead_letters.purge', target: id, address: request.ip });
      return reply.code(204).send();
    },
  );

  app.post<{ Body: BulkFilter }>(
    '/dead-letters/purge',
    { onRequest: starts, schema: { body: BulkFilter, response: { 200: BulkAnswer } } },
    async (request) => {
      const outcome = await runs.deadLetters.purgeAll(readBulkFilter(request.body, principalOf(request)), isAllowed(request));
      await noteBulk(request, 'dead_letters.purge', { ...request.body, done: outcome.done });
      return outcome;
    },
  );

  /** A run that the caller's key may see; any other is not found. */
  async function allowedRun(request: FastifyRequest<OneLetter>): Promise<RunRecord> {
    const run = await runs.find.get(requireRunId(request.params.id));
    if (!isAllowed(request)(run)) throw new LanewayError('run_not_found', { id: run.id });
    return run;
  }

  function noteBulk(request: FastifyRequest, action: string, details: BulkFilter & { done: number }): Promise<void> {
    return audit({ by: request.principal, action, target: details.function ?? 'all', details, address: request.ip });
  }
}

/** Which runs a bulk call of this caller touches. */
function isAllowed(request: FastifyRequest): (run: Pick<RunRecord, 'function' | 'lane'>) => boolean {
  const principal = principalOf(request);
  return (run) => mayUse(principal, run.function, run.lane);
}
