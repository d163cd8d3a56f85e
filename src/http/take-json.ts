import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LanewayError, messageOf } from '../errors.js';
import type { BodyBudget } from '../runs/body-budget.js';
import { giveRoomBack, makeRoom } from './make-room.js';
import { readText } from './read-body.js';

/** Bodies of a scope are JSON and nothing else, read under the limit of their route. */
export function takeJson(app: FastifyInstance, bodies: BodyBudget): void {
  giveRoomBack(app);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', async (request: FastifyRequest) => (await readJson(request, bodies)).value);
}

/** As `takeJson`, inside its scope, for routes that hand the text on as it came: reading it into values would round large numbers. */
export function takeJsonText(app: FastifyInstance, bodies: BodyBudget): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', async (request: FastifyRequest) => (await readJson(request, bodies)).text);
}

async function readJson(request: FastifyRequest, bodies: BodyBudget): Promise<{ text: string; value: unknown }> {
  await makeRoom(request, request.routeOptions.bodyLimit, bodies);
  const text = await readText(request.raw, request.routeOptions.bodyLimit);
  // Many clients name the type whether they send a body or not.
  if (text === '' && request.method === 'DELETE') return { text, value: undefined };
  if (text === '') throw new LanewayError('body_missing', { problem: 'send JSON' });
  try {
    // A field named `__proto__` stays a field of its own: nothing here copies one object into another.
    return { text, value: JSON.parse(text) as unknown };
  } catch (error) {
    throw new LanewayError('payload_invalid', { problem: messageOf(error) }, { cause: error });
  }
}
