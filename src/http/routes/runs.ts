import type { FastifyInstance, FastifyRequest } from 'fastify';
import { withoutCredentials } from '../../access/credentials.js';
import { mayUse, requireFunction } from '../../access/scopes.js';
import { RunPage, RunQuery, RunView, StartRunBody } from '../../contract/api/runs.js';
import type { RunFilter, RunRecord } from '../../contract/records.js';
import { defaultLane, type RunState } from '../../contract/words.js';
import { LanewayError } from '../../errors.js';
import type { RunRequest } from '../../runs/run-request.js';
import { needs, principalOf } from '../authorize.js';
import { requireRunId } from '../names.js';
import { pathOf } from '../request-path.js';
import { streamEvents } from '../stream-events.js';
import { runView } from '../views.js';
import type { HttpParts } from './parts.js';

type RunParams = { Params: { id: string } };

/** Runs: start, list, get, log, result, events, cancel. */
export function runRoutes(app: FastifyInstance, parts: HttpParts): void {
  const { runs, records, authorize, limits } = parts;
  const reads = needs(authorize, 'read');
  const starts = needs(authorize, 'run');

  app.post<{ Body: StartRunBody }>(
    '/runs',
    { onRequest: starts, bodyLimit: parts.maxPayloadBytes + 4096, schema: { body: StartRunBody, response: { 202: RunView } } },
    async (request, reply) => {
      const principal = principalOf(request);
      const wanted = runRequest(request);
      requireFunction(principal, wanted.function, wanted.lane);
      if (request.body.mode === 'queued') {
        const { id } = await runs.accept(wanted);
        reply.header('x-run-id', id).header('location', `/api/v1/runs/${id}`);
        return reply.code(202).send(runView(await runs.find.get(id)));
      }
      const release = limits.enterCall(principal);
      try {
        const { run } = await runs.sync.call(wanted);
        const view = JSON.stringify(runView(await runs.find.get(run.id)));
        const body = `${view.slice(0, -1)},"result":${checkedJson(run.result)}}`;
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
      const found = await runs.find.list(filterOf(request.query), limit, cursor === undefined ? null : placeOf(cursor));
      const last = found.at(-1);
      return {
        runs: found.filter((run) => mayUse(principal, run.function, run.lane)).map(runView),
        next_cursor: found.length === limit && last !== undefined ? `${last.createdAt}.${last.id}` : null,
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

  /** A run that the caller's key may see; any other is not found. */
  async function allowedRun(request: FastifyRequest<RunParams>): Promise<RunRecord> {
    const run = await runs.find.get(requireRunId(request.params.id));
    if (!mayUse(principalOf(request), run.function, run.lane)) throw new LanewayError('run_not_found', { id: run.id });
    return run;
  }

  /** As `allowedRun`; and a sync run of another server, of which nothing is known here, for keys that are bound to nothing. */
  async function cancellableRun(request: FastifyRequest<RunParams>): Promise<string> {
    const { functions, lanes, scopes } = principalOf(request);
    const isBound = !scopes.has('admin') && (functions !== null || lanes !== null);
    return isBound ? (await allowedRun(request)).id : requireRunId(request.params.id);
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

/** A result is put in as the text it is, after a look: hostile code in a worker may hand out text that is no JSON. */
function checkedJson(text: string | null): string {
  if (text === null) return 'null';
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}

function runRequest(request: FastifyRequest<{ Body: StartRunBody }>): RunRequest {
  const { body } = request;
  return {
    ...(body.run_id === undefined ? {} : { id: requireRunId(body.run_id) }),
    ...(body.timeout_ms === undefined ? {} : { timeoutMs: body.timeout_ms }),
    source: 'http',
    callerId: body.caller_id ?? null,
    keyId: principalOf(request).keyId,
    function: body.function,
    lane: body.lane ?? defaultLane,
    version: body.version ?? '',
    type: null,
    entryFile: null,
    payload: body.payload === undefined ? null : payloadText(body.payload),
    invocation: { url: pathOf(request), headers: withoutCredentials(request.headers), parameters: {} },
  };
}

/** It was parsed, but what is nested very deep can't be written again. */
function payloadText(payload: unknown): string {
  try {
    return JSON.stringify(payload);
  } catch (error) {
    throw new LanewayError('payload_invalid', { problem: 'it is nested too deep' }, { cause: error });
  }
}

function filterOf(query: RunQuery): RunFilter {
  return {
    ...(query.function === undefined ? {} : { function: query.function }),
    ...(query.lane === undefined ? {} : { lane: query.lane }),
    ...(query.version === undefined ? {} : { version: query.version }),
    ...(query.caller_id === undefined ? {} : { callerId: query.caller_id }),
    ...(query.mode === undefined ? {} : { mode: query.mode }),
    ...(query.state === undefined ? {} : { states: query.state.split(',') as RunState[] }),
    ...(query.from === undefined ? {} : { createdFrom: Date.parse(query.from) }),
    ...(query.until === undefined ? {} : { createdUntil: Date.parse(query.until) }),
  };
}

function placeOf(cursor: string): { createdAt: number; id: string } {
  const point = cursor.indexOf('.');
  return { createdAt: Number(cursor.slice(0, point)), id: cursor.slice(point + 1) };
}
