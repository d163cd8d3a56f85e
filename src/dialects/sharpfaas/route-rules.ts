import { letFinish } from '../../http/let-finish.js';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LanewayError } from '../../errors.js';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
/** The methods this server knows. */
export type Method = (typeof methods)[number];

/** Bodies stay streams: an action asks who calls before it reads anything, and has its own limits. */
export function takeBodiesUnread(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
}

/** What is left of a body that was answered before its end is read past, within a bound, so that the client hears the answer. */
export function readPastUnread(app: FastifyInstance): void {
  app.addHook('onSend', (request, _reply, _payload, done) => {
    letFinish(request.raw);
    done();
  });
}

/** Answers 405 with Allow for the methods that a path does not have. */
export function refuseOtherMethods(app: FastifyInstance, url: string, allowed: readonly Method[]): void {
  const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
    void reply.header('allow', allowed.join(', '));
    throw new LanewayError('method_not_allowed', { method: request.method, allowed: allowed.join(', ') });
  };
  const method = methods.filter((one) => !allowed.includes(one));
  app.route({ method, url, exposeHeadRoute: false, onRequest: refuse, handler: refuse });
}
