import multipart from '@fastify/multipart';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { giveRoomBack } from '../../http/make-room.js';
import { cancelFunction, checkFunction, getActiveFunctions } from './check-functions.js';
import { hubRoutes } from './hub/hub-routes.js';
import type { SharpFaasParts } from './parts.js';
import { pushFunction } from './push-function.js';
import { readPastUnread, type Method, refuseOtherMethods, takeBodiesUnread } from './route-rules.js';
import { runFunction } from './run-function.js';
import { sendJson } from './send-text.js';

type Action = (request: FastifyRequest, reply: FastifyReply, parts: SharpFaasParts) => Promise<FastifyReply>;

/**
 * SharpFaas's REST routes and its SignalR hub, for its clients as they are.
 * Routes are registered in the spelling of `canonicalUrl`, which the server's `rewriteUrl` must apply;
 * the hub needs @fastify/websocket on the server.
 */
export function sharpfaas(parts: SharpFaasParts): FastifyPluginAsync {
  return async (app) => {
    await app.register(actions(parts));
    await app.register(hubRoutes(parts));
  };
}

function actions(parts: SharpFaasParts): FastifyPluginAsync {
  return async (app) => {
    takeBodiesUnread(app);
    giveRoomBack(app);
    readPastUnread(app);
    await app.register(multipart, { throwFileSizeLimit: false });
    const add = (method: Method, name: string, action: Action) => {
      const url = `/api/function/${name}`;
      app.route({ method, url, exposeHeadRoute: false, handler: (request, reply) => action(request, reply, parts) });
      refuseOtherMethods(app, url, [method]);
    };
    add('POST', 'pushfunction', pushFunction);
    add('POST', 'runfunction', runFunction);
    add('GET', 'checkfunction', checkFunction);
    add('GET', 'getactivefunctions', getActiveFunctions);
    add('PUT', 'cancelfunction', cancelFunction);
    add('GET', 'getserverstatus', getServerStatus);
  };
}

async function getServerStatus(request: FastifyRequest, reply: FastifyReply, parts: SharpFaasParts): Promise<FastifyReply> {
  parts.authorize(request, 'read');
  return sendJson(reply, { status: 200, body: { status: 'Active' } });
}
