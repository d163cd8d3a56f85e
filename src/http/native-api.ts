import type { FastifyPluginAsync } from 'fastify';
import { callFunctionRoutes } from './routes/call-function.js';
import { deadLetterRoutes } from './routes/dead-letters.js';
import { docsRoutes } from './routes/docs.js';
import { eventRoutes } from './routes/events.js';
import { functionRoutes } from './routes/functions.js';
import { keyRoutes } from './routes/keys.js';
import { limitRoutes } from './routes/limits.js';
import type { HttpParts } from './routes/parts.js';
import { runRoutes } from './routes/runs.js';
import { scheduleRoutes } from './routes/schedules.js';
import { versionRoutes } from './routes/versions.js';
import { takeJson } from './take-json.js';

/** The native API under `/api/v1`, `/function/{name}`, and the description of it all under `/docs`. */
export function nativeApi(parts: HttpParts): FastifyPluginAsync {
  return async (app) => {
    await app.register(
      async (api) => {
        takeJson(api, parts.bodies);
        functionRoutes(api, parts);
        runRoutes(api, parts);
        deadLetterRoutes(api, parts);
        limitRoutes(api, parts);
        scheduleRoutes(api, parts);
        keyRoutes(api, parts);
        await api.register(async (events) => eventRoutes(events, parts));
        await api.register(async (versions) => versionRoutes(versions, parts));
      },
      { prefix: '/api/v1' },
    );
    await app.register(async (calls) => callFunctionRoutes(calls, parts));
    docsRoutes(app, parts.authorize);
  };
}
