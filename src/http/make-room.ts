import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type BodyBudget, smallBodyBytes } from '../runs/body-budget.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Gives back the room that was made for its body; null when that is small. */
    giveRoom: (() => void) | null;
  }
}

/**
 * Room that a request of this scope took for its body is given back when its answer has gone, or when there is an answer and
 * its client has gone: an answer to nobody never finishes.
 */
export function giveRoomBack(app: FastifyInstance): void {
  if (!app.hasRequestDecorator('giveRoom')) app.decorateRequest('giveRoom', null);
  app.addHook('onRequest', (request, reply, done) => {
    if (bodyBytes(request, Infinity) > smallBodyBytes) {
      reply.raw.once('close', () => {
        if (reply.sent) request.giveRoom?.();
      });
    }
    done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    if (reply.raw.destroyed) request.giveRoom?.();
    done(null, payload);
  });
}

/**
 * Takes room for the body of a request before it is read.
 * bounded: rejects with `server_busy` when there is none for long.
 */
export async function makeRoom(request: FastifyRequest, limit: number, bodies: BodyBudget): Promise<void> {
  const bytes = bodyBytes(request, limit);
  if (bytes > smallBodyBytes) request.giveRoom = await bodies.take(bytes);
}

/** How large the body of a request may become. */
function bodyBytes({ headers }: FastifyRequest, limit: number): number {
  const length = headers['content-length'];
  if (length !== undefined) return Math.min(Number(length), limit);
  return headers['transfer-encoding'] === undefined ? 0 : limit;
}
