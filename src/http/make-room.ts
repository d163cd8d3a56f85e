import type { IncomingMessage } from 'node:http';
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
  if (bytes <= smallBodyBytes) return;
  const giveRoom = await bodies.take(bytes);
  const stopWatching = cutWhenSlow(request.raw, bodies);
  request.giveRoom = () => {
    stopWatching();
    giveRoom();
  };
}

const lookMs = 2000;
/** In that time; a slower client may go on while nobody waits for its room. */
const slowestBytes = 128 * 1024;

/** bounded: a body that trickles in must not keep others out. Its client is cut off, and the room comes back by that. */
function cutWhenSlow(request: IncomingMessage, bodies: BodyBudget): () => void {
  let seen = request.socket.bytesRead;
  const timer = setInterval(() => {
    const came = request.socket.bytesRead - seen;
    seen += came;
    if (request.complete) clearInterval(timer);
    else if (bodies.isShort && came < slowestBytes) request.destroy();
  }, lookMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** How large the body of a request may become. */
function bodyBytes({ headers }: FastifyRequest, limit: number): number {
  const length = headers['content-length'];
  if (length !== undefined) return Math.min(Number(length), limit);
  return headers['transfer-encoding'] === undefined ? 0 : limit;
}
