import type { FastifyInstance, FastifySchema, HTTPMethods } from 'fastify';

const lane = '/api/v1/functions/:name/lanes/:lane';
const version = `${lane}/versions/:version`;

/** What the API text says of each route. A route that is not here is not part of it: other systems' routes, other spellings. */
export const described: Record<string, [group: string, summary: string]> = {
  'POST /function/:name': ['calls', 'Call a function: JSON in, its result out'],
  'POST /api/v1/runs': ['runs', 'Start a run, sync or queued'],
  'GET /api/v1/runs': ['runs', 'List runs, newest first'],
  'GET /api/v1/runs/:id': ['runs', 'Get a run'],
  'GET /api/v1/runs/:id/result': ['runs', "Get a run's result"],
  'GET /api/v1/runs/:id/log': ['runs', "Get a run's log"],
  'GET /api/v1/runs/:id/events': ['runs', "Follow a run's events"],
  'POST /api/v1/runs/:id/cancel': ['runs', 'Cancel a run'],
  'GET /api/v1/runs/:id/payload': ['runs', "Get a run's payload"],
  'POST /api/v1/runs/cancel': ['runs', 'Cancel the open runs that fit a filter'],
  'GET /api/v1/dead-letters': ['dead letters', 'List queued runs that failed or expired, newest first'],
  'GET /api/v1/dead-letters/counts': ['dead letters', 'Count them by function and lane'],
  'POST /api/v1/dead-letters/:id/redrive': ['dead letters', 'Start one anew'],
  'POST /api/v1/dead-letters/redrive': ['dead letters', 'Start anew those that fit a filter'],
  'DELETE /api/v1/dead-letters/:id': ['dead letters', 'Throw one away: its payload goes, its run stays'],
  'POST /api/v1/dead-letters/purge': ['dead letters', 'Throw away those that fit a filter'],
  'POST /api/v1/events/:name': ['events', 'Publish an event: a queued run of every subscriber'],
  'GET /api/v1/events': ['events', 'List subscriptions'],
  'POST /api/v1/schedules': ['schedules', 'Make a schedule'],
  'GET /api/v1/schedules': ['schedules', 'List schedules'],
  'GET /api/v1/schedules/:id': ['schedules', 'Get a schedule with its next ticks'],
  'PUT /api/v1/schedules/:id': ['schedules', 'Replace a schedule'],
  'DELETE /api/v1/schedules/:id': ['schedules', 'Remove a schedule'],
  'POST /api/v1/schedules/:id/pause': ['schedules', 'Pause a schedule'],
  'POST /api/v1/schedules/:id/resume': ['schedules', 'Let a schedule go on with its next tick'],
  'POST /api/v1/schedules/:id/run': ['schedules', 'Start an extra run of a schedule now'],
  'GET /api/v1/functions': ['functions', 'List functions with their lanes'],
  'GET /api/v1/functions/:name': ['functions', 'Get a function with the state of its lanes'],
  'GET /api/v1/functions/:name/limits': ['limits', 'Get the limits of a function and its lanes'],
  'PUT /api/v1/functions/:name/limits': ['limits', 'Limit what a function takes of the queue'],
  'DELETE /api/v1/functions/:name/limits': ['limits', "Take a function's limits away"],
  [`PUT ${lane}/limits`]: ['limits', 'Limit what a lane takes of the queue'],
  [`DELETE ${lane}/limits`]: ['limits', "Take a lane's limits away"],
  [`GET ${lane}`]: ['lanes', 'Get the state of a lane'],
  [`PUT ${lane}/pin`]: ['lanes', 'Pin a lane to a version (rollback)'],
  [`DELETE ${lane}/pin`]: ['lanes', 'Take the pin away'],
  [`PUT ${lane}/split`]: ['lanes', 'Split calls over versions by weight (canary)'],
  [`DELETE ${lane}/split`]: ['lanes', 'Take the split away'],
  [`POST ${lane}/promote`]: ['lanes', 'Copy a version of another lane into this one'],
  [`POST ${lane}/versions`]: ['versions', 'Push a zip as the next version'],
  [`GET ${lane}/versions`]: ['versions', 'List versions, newest first'],
  [`GET ${version}`]: ['versions', 'Get a version'],
  [`GET ${version}/artifact`]: ['versions', 'Download the zip as it was pushed'],
  [`DELETE ${version}`]: ['versions', 'Delete a version; its number is not used again'],
  'GET /api/v1/keys': ['administration', 'List keys'],
  'POST /api/v1/keys': ['administration', 'Make a key'],
  'DELETE /api/v1/keys/:id': ['administration', 'Revoke a key'],
  'GET /api/v1/secrets': ['administration', 'List the names of secrets'],
  'PUT /api/v1/secrets/:name': ['administration', 'Set a secret'],
  'DELETE /api/v1/secrets/:name': ['administration', 'Remove a secret'],
  'GET /api/v1/audit': ['administration', 'List changes, newest first'],
  'GET /health': ['health', 'Whether the process answers'],
  'GET /ready': ['health', 'Whether it can take work, part by part'],
  'GET /metrics': ['health', 'Numbers for Prometheus'],
};

export interface DescribedRoute {
  method: HTTPMethods;
  url: string;
  schema: FastifySchema;
}

/** Keeps what the API text is made of; must be called before the routes are registered. */
export function keepDescribedRoutes(app: FastifyInstance): void {
  const routes: DescribedRoute[] = [];
  app.decorate('describedRoutes', routes);
  app.addHook('onRoute', ({ method: methods, url, schema = {} }) => {
    const method = [methods].flat()[0]!;
    if (`${method} ${url}` in described) routes.push({ method, url, schema });
    else if (url.startsWith('/api/v1/') && method !== 'HEAD') throw new Error(`${method} ${url} is not described`);
  });
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The routes of the API text, as they were registered. */
    describedRoutes: DescribedRoute[];
  }
}
