import type { FastifyInstance } from 'fastify';
import { messageOf } from '../../errors.js';
import { needs, type Authorize } from '../authorize.js';

export interface HealthParts {
  authorize: Authorize;
  /** What must answer for the server to be ready, by name. */
  checks: Record<string, () => Promise<unknown>>;
  /** What `/ready` tells besides: isolation and the like; no secrets. */
  facts: Record<string, unknown>;
  isDraining: () => boolean;
  /** Prometheus text. */
  metrics: () => Promise<string>;
}

/** A part that does not answer in this time is not ready. */
const checkMs = 2000;

/** `/health`: the process answers. `/ready`: it can take work, part by part. `/metrics`: Prometheus text. */
export function healthRoutes(app: FastifyInstance, { authorize, checks, facts, isDraining, metrics }: HealthParts): void {
  app.get('/health', async () => ({ status: 'ok' }));

  app.get('/ready', async (_request, reply) => {
    const parts = Object.fromEntries(
      await Promise.all(Object.entries(checks).map(async ([name, check]) => [name, await tryCheck(check)])),
    );
    const isReady = !isDraining() && Object.values(parts).every((state) => state === 'ok');
    const status = isDraining() ? 'draining' : isReady ? 'ready' : 'not ready';
    return reply.code(isReady ? 200 : 503).send({ status, parts, ...facts });
  });

  app.get('/metrics', { onRequest: needs(authorize, 'read') }, async (_request, reply) => {
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics());
  });
}

async function tryCheck(check: () => Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${checkMs} ms`)), checkMs);
  });
  try {
    await Promise.race([check(), late]);
    return 'ok';
  } catch (error) {
    return messageOf(error);
  } finally {
    clearTimeout(timer);
  }
}
