import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { withoutCredentialParameters, withoutCredentials } from '../../access/credentials.js';
import type { CallingConvention } from '../../contract/executor.js';
import type { RunRecord } from '../../contract/records.js';
import { LanewayError } from '../../errors.js';
import { millisecondsSince } from '../../runs/prepare-run.js';
import type { PreparedRun, RunRequest } from '../../runs/run-request.js';
import type { SyncAnswer } from '../../runs/sync-calls.js';
import { answerOnce } from '../answer-once.js';
import { mediaType } from '../answer-errors.js';
import { askedLane, needs, principalOf } from '../authorize.js';
import { bridgeExchange } from '../bridge-exchange.js';
import { requireRunId } from '../names.js';
import { giveRoomBack, makeRoom } from '../make-room.js';
import { readText } from '../read-body.js';
import { idempotencyKeyOf, traceOf } from '../read-run-request.js';
import { pathOf } from '../request-path.js';
import { endedFailure, runFailure } from '../run-failure.js';
import { runView } from '../views.js';
import type { HttpParts } from './parts.js';

const otherMethods = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

type Call = FastifyRequest<{ Params: { name: string; '*'?: string } }>;

const jsonType = /^(application\/([a-z0-9.+-]+\+)?json|text\/json)\b/i;

/**
 * `/function/{name}`: the plain sync call. The function decides how it is called: one that speaks `fetch` gets method,
 * path, query and body untouched and streamed; any other takes POST with a JSON body and answers its result.
 */
export function callFunctionRoutes(app: FastifyInstance, parts: HttpParts): void {
  const { runs, executor, limits, authorize, maxPayloadBytes, bodies } = parts;
  // The body stays a stream until it is known who reads it.
  giveRoomBack(app);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, stream, done) => done(null, stream));
  const options = { onRequest: needs(authorize, 'run'), bodyLimit: maxPayloadBytes, exposeHeadRoute: false };
  // Apart from the other methods, so that the API text has the one that every function takes.
  app.post<{ Params: { name: string } }>('/function/:name', options, call);
  app.route<{ Params: { name: string } }>({ ...options, method: otherMethods, url: '/function/:name', handler: call });
  app.all<{ Params: { name: string; '*': string } }>('/function/:name/*', options, call);

  async function call(request: Call, reply: FastifyReply): Promise<FastifyReply> {
    const release = limits.enterCall(principalOf(request));
    try {
      const prepared = await runs.sync.prepare(runRequest(request));
      const convention = executor.conventionOf(prepared.version, prepared.entry, prepared.isolation);
      return await answerBy(convention instanceof Promise ? await waitForLoad(convention, prepared) : convention, {
        request,
        reply,
        prepared,
      });
    } finally {
      release();
    }
  }

  async function answerBy(convention: CallingConvention, { request, reply, prepared }: OneCall): Promise<FastifyReply> {
    if (convention === 'fetch') {
      return bridgeExchange(request, reply, {
        runId: prepared.id,
        run: (exchange) => runs.sync.exchange(prepared, exchange),
        cancel: runs.cancel,
      });
    }
    refuseWhatIsNoPayload(request);
    await makeRoom(request, maxPayloadBytes, bodies);
    const text = await readText(request.raw, maxPayloadBytes);
    const payload = text === '' ? null : text;
    if (prefersAsync(request)) {
      return accept({ ...prepared.request, payload }, reply.header('preference-applied', 'respond-async'));
    }
    if (idempotencyKeyOf(request) !== undefined) {
      return answerEnded(reply, await answerOnce({ ...prepared.request, payload }, runs));
    }
    return answerPayload(reply, await runs.sync.callWithPayload(prepared, payload));
  }

  /** The caller does not wait: its run is queued. */
  async function accept(wanted: RunRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { id } = await runs.accept(wanted);
    reply.header('x-run-id', id).header('location', `/api/v1/runs/${id}`);
    return reply.code(202).send(runView(await runs.find.get(id)));
  }
}

/** The first call of a version waits for it to be loaded: that is a part of its run. */
async function waitForLoad(loading: Promise<CallingConvention>, prepared: PreparedRun): Promise<CallingConvention> {
  const begun = performance.now();
  const convention = await loading;
  prepared.loadMs = millisecondsSince(begun);
  return convention;
}

/** RFC 7240: the caller would rather have 202 and look for the result later. */
function prefersAsync(request: Call): boolean {
  const { prefer } = request.headers;
  return prefer !== undefined && /(^|[,;\s])respond-async([,;\s]|$)/i.test(String(prefer));
}

function answerEnded(reply: FastifyReply, { run, result }: { run: RunRecord; result: string | null }): FastifyReply {
  reply.header('x-run-id', run.id).header('x-laneway-version', run.version);
  if (run.state === 'succeeded') return reply.type('application/json; charset=utf-8').send(result ?? 'null');
  if (run.endedAt === null) {
    return reply.code(202).header('location', `/api/v1/runs/${run.id}`).send(runView(run));
  }
  throw endedFailure(run);
}

interface OneCall {
  request: Call;
  reply: FastifyReply;
  prepared: PreparedRun;
}

function refuseWhatIsNoPayload(request: Call): void {
  if (request.params['*'] !== undefined && request.params['*'] !== '') {
    throw new LanewayError('route_not_found', { method: request.method, path: pathOf(request) });
  }
  if (request.method !== 'POST') throw new LanewayError('method_not_allowed', { method: request.method, allowed: 'POST' });
  const type = request.headers['content-type'];
  if (type !== undefined && !jsonType.test(type)) throw mediaType(request, 'application/json');
}

function answerPayload(reply: FastifyReply, { run, outcome }: SyncAnswer): FastifyReply {
  reply.header('x-run-id', run.id).header('x-laneway-version', run.version);
  if (outcome.ok) return reply.type('application/json; charset=utf-8').send(outcome.result ?? 'null');
  throw runFailure(run.id, outcome);
}

function runRequest(request: Call): RunRequest {
  const parameters = parametersOf(request.query as Record<string, unknown>);
  const key = idempotencyKeyOf(request);
  const { 'x-laneway-version': version, 'x-caller-id': callerId, 'x-run-id': id } = request.headers;
  return {
    ...(typeof id === 'string' && id !== '' ? { id: requireRunId(id) } : {}),
    ...traceOf(request),
    source: 'http',
    callerId: typeof callerId === 'string' ? callerId.slice(0, 256) : null,
    keyId: principalOf(request).keyId,
    function: request.params.name,
    lane: askedLane(request),
    version: typeof version === 'string' ? version : (parameters['version'] ?? ''),
    type: null,
    entryFile: null,
    payload: null,
    invocation: {
      url: pathOf(request),
      // Asked for only by functions that see headers.
      get headers() {
        return withoutCredentials(request.headers);
      },
      parameters,
    },
    ...(key === undefined ? {} : { queued: { idempotencyKey: key } }),
  };
}

function parametersOf(query: Record<string, unknown>): Readonly<Record<string, string>> {
  const names = Object.keys(query);
  if (names.length === 0) return noParameters;
  return withoutCredentialParameters(Object.fromEntries(names.map((name) => [name, String(query[name])])));
}

const noParameters: Readonly<Record<string, string>> = Object.freeze({});
