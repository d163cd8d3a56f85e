import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { ErrorAnswer } from '../contract/api/errors.js';
import { answerErrors } from './answer-errors.js';
import { compileOnFirstUse } from './compile-schemas.js';
import { described, type DescribedRoute } from './describe-api.js';
import { keepRouteTable } from './route-table.js';

/**
 * The page under `/docs` and the OpenAPI text under `/docs/json`, made from the schemas of the given routes. It never
 * listens: requests are handed to its `routing`.
 */
export async function createDocumentation(
  routes: readonly DescribedRoute[],
  loggerInstance: FastifyBaseLogger,
): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    schemaController: compileOnFirstUse(),
  });
  keepRouteTable(app);
  answerErrors(app);
  await app.register(swagger, {
    openapi: {
      info: { title: 'Laneway', version: '1', description: 'Push a zip to a lane, run it. Errors are in docs/errors.md.' },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      security: [{ key: [] }],
    },
    transform: ({ schema, url, route }) => ({ schema: describe(schema, `${String(route.method)} ${url}`), url }),
  });
  for (const { method, url, schema } of routes)
    app.route({ method, url, schema, handler: (_request, reply) => reply.callNotFound() });
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { docExpansion: 'list', persistAuthorization: true } });
  await app.ready();
  return app;
}

function describe(schema: object | undefined, route: string): object {
  const known = described[route];
  if (known === undefined) return { ...schema, hide: true };
  const [group, summary] = known;
  const { response } = (schema ?? {}) as { response?: object };
  // Every route refuses in one shape.
  return { ...schema, summary, tags: [group], response: { ...response, default: ErrorAnswer } };
}
