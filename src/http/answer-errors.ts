import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LanewayError, messageOf } from '../errors.js';
import { letFinish } from './let-finish.js';
import { pathOf } from './request-path.js';

/** Every error becomes one shape, `{error:{code,message,details}}`; what is no refusal is `internal` to the caller and logged. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => answer(toRefusal(error, request), request, reply));
  app.setNotFoundHandler((request, reply) => answer(missingRoute(app, request), request, reply));
}

/** Answers what can't be routed at all; no hook has seen such a request. */
export function answerUnroutable(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const problem = error.code === 'FST_ERR_BAD_URL' ? 'its path is not readable as a URL' : 'a part of its path is too long';
  void reply.header('x-request-id', request.id);
  void answer(new LanewayError('bad_request', { problem }, { cause: error }), request, reply);
}

/** Answers with a refusal; also for routes that have taken the reply over. */
export function answer(error: LanewayError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error.retryAfter !== null) reply.header('retry-after', error.retryAfter);
  if (error.status === 401) reply.header('www-authenticate', challenge(request));
  if (error.code === 'method_not_allowed') reply.header('allow', error.details['allowed']);
  reply.removeHeader('connection');
  letFinish(request.raw);
  return reply
    .code(error.status)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(error)));
}

/** A browser that opens the documentation asks its user for the key, as the password. */
function challenge(request: FastifyRequest): string {
  return pathOf(request).startsWith('/docs') ? 'Basic realm="laneway: the key is the password"' : 'Bearer';
}

export function errorBody(error: LanewayError): { error: { code: string; message: string; details: object } } {
  return { error: { code: error.code, message: error.message, details: error.details } };
}

/** What a caller is told of any error; the server's own faults are logged here. */
export function toRefusal(error: unknown, request: FastifyRequest): LanewayError {
  if (error instanceof LanewayError) return error;
  const refusal = fastifyRefusal(error as FastifyError, request);
  if (refusal !== null) return refusal;
  request.log.error({ err: error, reqId: request.id, url: pathOf(request) }, `unexpected: ${messageOf(error)}`);
  return new LanewayError('internal', {}, { cause: error });
}

function fastifyRefusal(error: FastifyError, request: FastifyRequest): LanewayError | null {
  if (error.validation !== undefined) return new LanewayError('validation_failed', { problem: error.message }, { cause: error });
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
    case 'FST_REQ_FILE_TOO_LARGE':
      return new LanewayError('body_too_large', { limit: request.routeOptions.bodyLimit }, { cause: error });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_INVALID_MULTIPART_CONTENT_TYPE':
      return mediaType(request, 'application/json');
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new LanewayError('body_missing', { problem: 'send JSON' }, { cause: error });
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new LanewayError('payload_invalid', { problem: error.message }, { cause: error });
    default: {
      const isCallers = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500;
      return isCallers ? new LanewayError('bad_request', { problem: error.message }, { cause: error }) : null;
    }
  }
}

export function mediaType(request: FastifyRequest, allowed: string): LanewayError {
  return new LanewayError('media_type_not_supported', { value: request.headers['content-type'] ?? 'none', allowed });
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** A path that exists with other methods is a 405, not a 404. */
function missingRoute(app: FastifyInstance, request: FastifyRequest): LanewayError {
  const path = pathOf(request);
  const allowed = methods.filter((method) => method !== request.method && app.servesPath(method, path));
  if (allowed.length === 0) return new LanewayError('route_not_found', { method: request.method, path });
  return new LanewayError('method_not_allowed', { method: request.method, allowed: allowed.join(', ') });
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether some route answers this method and path. */
    servesPath(method: string, path: string): boolean;
  }
}
