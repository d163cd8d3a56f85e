import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type BodyBudget, smallBodyBytes } from '../runs/body-budget.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Gives back the room that was made for its body; null when that is small. */
    giveRoom: (() => void) | null;
  }
}

/** Room that a request of this scope took for its body is given back when its answer has gone, or its client. */
export function giveRoomBack(app: FastifyInstance): void {
  if (!app.hasRequestDecorator('giveRoom')) app.decorateRequest('giveRoom', null);
  app.addHook('onResponse', (request, _reply, done) => {
    request.giveRoom?.();
    done();
  });
}

/**
 * Takes room for the body of a request before it is read.
 * bounded: rejects with `server_busy` when there is none for long.
 */
export async function makeRoom(request: FastifyRequest, limit: number, bodies: BodyBudget): Promise<void> {
  const length = request.headers['content-length'];
  const unknown = request.headers['transfer-encoding'] === undefined ? 0 : limit;
  const bytes = length === undefined ? unknown : Math.min(Number(length), limit);
  if (bytes > smallBodyBytes) request.giveRoom = await bodies.take(bytes);
}
