import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isBound, mayUse } from '../../access/scopes.js';
import { BulkAnswer, BulkFilter, RunPage, RunQuery, RunView, StartRunBody } from '../../contract/api/runs.js';
import type { RunRecord } from '../../contract/records.js';
import { LanewayError } from '../../errors.js';
import { checkedJson } from '../../runs/checked-json.js';
import { answerOnce } from '../answer-once.js';
import { needs, principalOf } from '../authorize.js';
import { requireRunId } from '../names.js';
import { readRunRequest } from '../read-run-request.js';
import { nextCursor, readBulkFilter, readCursor, readRunFilter } from '../run-filter.js';
import { streamEvents } from '../stream-events.js';
import { runView } from '../views.js';
import type { HttpParts } from './parts.js';

type RunParams = { Params: { id: string } };

/** Runs: start, list, get, log, result, events, cancel. */
export function runRoutes(app: FastifyInstance, parts: HttpParts): void {
  const { runs, records, audit, authorize, limits } = parts;
  const reads = needs(authorize, 'read');
  const starts = needs(authorize, 'run');

  app.post<{ Body: StartRunBody }>(
    '/runs',
    { onRequest: starts, bodyLimit: parts.maxPayloadBytes + 4096, schema: { body: StartRunBody, response: { 202: RunView } } },
    async (request, reply) => {
      const wanted = readRunRequest(request, parts.allowPrivateWebhooks);
      if (request.body.mode === 'queued') {
        const { id } = await runs.accept(wanted);
        reply.header('x-run-id', id).header('location', `/api/v1/runs/${id}`);
        return reply.code(202).send(runView(await runs.find.get(id)));
      }
      const release = limits.enterCall(principalOf(request));
      try {
        const { run, result } = await answerOnce(wanted, runs);
        const body = `${JSON.stringify(runView(run)).slice(0, -1)},"result":${checkedJson(result)}}`;
        return reply.header('x-run-id', run.id).type('application/json; charset=utf-8').send(body);
      } finally {
        release();
      }
    },
  );

  app.get<{ Querystring: RunQuery }>(
    '/runs',
    { onRequest: reads, schema: { querystring: RunQuery, response: { 200: RunPage } } },
    async (request) => {
      const { limit = 50, cursor } = request.query;
      const principal = principalOf(request);
      const found = await runs.find.list(readRunFilter(request.query), limit, readCursor(cursor));
      return {
        runs: found.filter((run) => mayUse(principal, run.function, run.lane)).map(runView),
        next_cursor: nextCursor(found, limit),
      };
    },
  );

  app.get<RunParams>('/runs/:id', { onRequest: reads, schema: { response: { 200: RunView } } }, async (request) =>
    runView(await allowedRun(request)),
  );

  app.get<RunParams>(
    '/runs/:id/result',
    { onRequest: reads, schema: { description: "The result's JSON." } },
    async (request, reply) => {
      const run = await allowedRun(request);
      if (run.state !== 'succeeded') throw new LanewayError('result_missing', { id: run.id, state: run.state });
      return reply.type('application/json; charset=utf-8').send((await runs.find.result(run.id)) ?? 'null');
    },
  );

  app.get<RunParams>(
    '/runs/:id/log',
    { onRequest: reads, schema: { description: 'The log as text.' } },
    async (request, reply) => {
      const run = await allowedRun(request);
      return reply.type('text/plain; charset=utf-8').send(await logText(run.id));
    },
  );

  app.get<RunParams>(
    '/runs/:id/events',
    { onRequest: reads, schema: { description: 'Server-sent events.' } },
    async (request, reply) => {
      const { id } = await allowedRun(request);
      return streamEvents(request, reply, { runId: id, following: runs.following });
    },
  );

  app.post<RunParams>('/runs/:id/cancel', { onRequest: starts, schema: { response: { 200: RunView } } }, async (request) => {
    const id = await cancellableRun(request);
    return runView(await runs.cancel(id));
  });

  app.post<{ Body: BulkFilter }>(
    '/runs/cancel',
    { onRequest: starts, schema: { body: BulkFilter, response: { 200: BulkAnswer } } },
    async (request) => {
      const principal = principalOf(request);
      const outcome = await runs.cancelAll(readBulkFilter(request.body, principal), (run) =>
        mayUse(principal, run.function, run.lane),
      );
      const details = { ...request.body, done: outcome.done };
      await audit({ by: principal, action: 'runs.cancel', target: request.body.function ?? 'all', details, address: request.ip });
      return outcome;
    },
  );

  app.get<RunParams>(
    '/runs/:id/payload',
    { onRequest: reads, schema: { description: "The payload's JSON, as long as it is kept." } },
    async (request, reply) => {
      const { id } = await allowedRun(request);
      const payload = await records.runs.payload(id);
      if (payload === null) throw new LanewayError('payload_missing', { id });
      return reply.type('application/json; charset=utf-8').send(payload);
    },
  );

  /** A run that the caller's key may see; any other is not found. */
  async function allowedRun(request: FastifyRequest<RunParams>): Promise<RunRecord> {
    const run = await runs.find.get(requireRunId(request.params.id));
    if (!mayUse(principalOf(request), run.function, run.lane)) throw new LanewayError('run_not_found', { id: run.id });
    return run;
  }

  /** As `allowedRun`; and a sync run of another server, of which nothing is known here, for keys that are bound to nothing. */
  async function cancellableRun(request: FastifyRequest<RunParams>): Promise<string> {
    return isBound(principalOf(request)) ? (await allowedRun(request)).id : requireRunId(request.params.id);
  }

  async function logText(runId: string): Promise<string> {
    const pieces: string[] = [];
    let place: { attempt: number; seq: number } | null = null;
    for (;;) {
      const page = await records.events.read(runId, place, 1000);
      for (const event of page) if (event.kind === 'log') pieces.push(event.data);
      if (page.length < 1000) return pieces.join('');
      place = page.at(-1)!;
    }
  }
}
