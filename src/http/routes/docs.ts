import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Authorize, needs } from '../authorize.js';

/** The description of the native API under `/docs`. It and its libraries are loaded when somebody first asks for it. */
export function docsRoutes(app: FastifyInstance, authorize: Authorize): void {
  let making: Promise<FastifyInstance> | null = null;
  const options = { onRequest: needs(authorize, 'read') };
  app.get('/docs', options, answer);
  app.get('/docs/*', options, answer);
  app.addHook('onClose', async () => (await making)?.close());

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const documentation = await (making ??= make());
    reply.hijack();
    documentation.routing(request.raw, reply.raw);
  }

  async function make(): Promise<FastifyInstance> {
    const { createDocumentation } = await import('../documentation.js');
    return createDocumentation(app.describedRoutes, app.log);
  }
}
