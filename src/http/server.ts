import { randomBytes } from 'node:crypto';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import { answerBrokenRequest } from './answer-broken-request.js';
import { answerErrors, answerUnroutable } from './answer-errors.js';
import { compileOnFirstUse } from './compile-schemas.js';
import { keepDescribedRoutes } from './describe-api.js';
import { keepRouteTable } from './route-table.js';
import { arrivalLimits, cutStalled } from './slow-clients.js';

export interface ServerOptions {
  log: Logger;
  maxHeaderBytes: number;
  /** For a whole request to arrive. */
  requestTimeoutMs: number;
  /** For a client to take something of its answer. */
  sendTimeoutMs: number;
  maxSocketMessageBytes: number;
  trustProxy: boolean;
  /** Spellings of another system's paths, put right before routing. */
  canonicalUrl: (url: string) => string;
}

/** An empty server with what every route shares: request ids, one shape for errors, sockets, the API description. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  // Named by its wider type: the server must not take pino's type into that of every plugin. Fastify's own chat is left out.
  const loggerInstance: FastifyBaseLogger = options.log.child({}, { level: quieter(options.log.level) });
  const app = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    // A logger of its own for every request costs more than the lines it may write; those name the request themselves.
    childLoggerFactory: (logger) => logger,
    trustProxy: options.trustProxy,
    genReqId: requestIds(),
    requestIdHeader: false,
    bodyLimit: 1024 * 1024,
    routerOptions: { maxParamLength: 4096 },
    schemaController: compileOnFirstUse(),
    http: { maxHeaderSize: options.maxHeaderBytes, ...arrivalLimits(options.requestTimeoutMs) },
    requestTimeout: options.requestTimeoutMs,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerBrokenRequest(options),
    frameworkErrors: answerUnroutable,
    rewriteUrl: (request) => options.canonicalUrl(request.url ?? '/'),
    schemaErrorFormatter: (problems, part) => new Error(problemOf(innermost(problems), part)),
  });
  cutStalled(app.server, options.sendTimeoutMs);
  app.decorateRequest('principal', null);
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.setHeader('x-request-id', request.id);
    done();
  });
  keepRouteTable(app);
  keepDescribedRoutes(app);
  answerErrors(app);
  await app.register(websocket, { options: { maxPayload: options.maxSocketMessageBytes } });
  return app;
}

/** Unique per server start and request, and cheap: `<random>-<count>`. */
function requestIds(): () => string {
  const boot = randomBytes(6).toString('hex');
  let count = 0;
  return () => `${boot}-${(count++).toString(36)}`;
}

/** Of a value that may have one of several shapes, what is wrong inside of the nearest one says more than that it is not the first. */
function innermost(problems: readonly SchemaProblem[]): SchemaProblem {
  const depth = ({ instancePath }: SchemaProblem) => instancePath.split('/').length;
  return problems.reduce((deepest, problem) => (depth(problem) > depth(deepest) ? problem : deepest));
}

function problemOf({ instancePath, message = 'is not valid', params }: SchemaProblem, part: string): string {
  const where = `${part}${instancePath.replaceAll('/', '.')}`;
  if (typeof params['additionalProperty'] === 'string') return `${where} has an unknown field "${params['additionalProperty']}"`;
  if (Array.isArray(params['allowedValues'])) return `${where} must be one of ${params['allowedValues'].join(', ')}`;
  return `${where} ${message}`;
}

interface SchemaProblem {
  instancePath: string;
  message?: string;
  params: Record<string, unknown>;
}

/** Ends the server: answers under way get a moment, then streams and sockets that would never end are cut. */
export async function closeServer(app: FastifyInstance): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), 500);
  try {
    await app.close();
  } finally {
    clearTimeout(cut);
  }
}

function quieter(level: string): string {
  return level === 'info' ? 'warn' : level;
}
