import { randomBytes } from 'node:crypto';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import '@fastify/websocket';
import { withoutCredentials } from '../../../access/credentials.js';
import type { Principal } from '../../../contract/principal.js';
import { LanewayError } from '../../../errors.js';
import { buildRunRequest } from '../build-run-request.js';
import type { HubTimes, SharpFaasParts } from '../parts.js';
import { Parameters } from '../read-parameters.js';
import { refuseOtherMethods, takeBodiesUnread } from '../route-rules.js';
import type { FunctionCall } from './function-call.js';
import { HubConnection, type StreamSink } from './hub-connection.js';
import { type Negotiated, NegotiatedTokens } from './negotiated-tokens.js';
import { streamRun } from './stream-run.js';

/** SignalR's own defaults. */
const signalRTimes: HubTimes = { handshakeMs: 15_000, pingMs: 15_000, silenceMs: 30_000, tokenMs: 30_000 };
/** Room in a message beside its payload. */
const messageSlack = 64 * 1024;

/** The hub: POST /functions/negotiate, and the WebSocket at /functions. */
export function hubRoutes(parts: SharpFaasParts): FastifyPluginAsync {
  const times = parts.hubTimes ?? signalRTimes;
  const { seal, bus, limits } = parts;
  const tokens = new NegotiatedTokens({ seal, bus, lifeMs: times.tokenMs, maxTokens: limits.maxConnections });
  let connections = 0;
  const callers = new WeakMap<FastifyRequest, Negotiated>();

  return async (app) => {
    takeBodiesUnread(app);
    app.addHook('onClose', () => tokens.close());
    app.post('/functions/negotiate', async (request) => negotiate(request, parts, tokens));
    refuseOtherMethods(app, '/functions/negotiate', ['POST']);

    app.route({
      method: 'GET',
      url: '/functions',
      exposeHeadRoute: false,
      websocket: true,
      preValidation: async (request) => {
        callers.set(request, await findCaller(request, parts, tokens));
        if (!request.ws) throw new LanewayError('bad_request', { problem: 'this is a SignalR hub, reached by WebSocket' });
        if (connections >= parts.limits.maxConnections) {
          throw new LanewayError('too_many_followers', { limit: parts.limits.maxConnections });
        }
      },
      handler: (socket, request) => {
        const caller = callers.get(request)!;
        connections += 1;
        socket.on('close', () => (connections -= 1));
        return void new HubConnection(socket, {
          start: (call, sink) => start(call, sink, { request, caller, parts }),
          maxMessageBytes: parts.limits.maxPayloadBytes + messageSlack,
          times,
          log: parts.log,
        });
      },
    });
    refuseOtherMethods(app, '/functions', ['GET']);
  };
}

/** Version 0 (no parameter) and version 1 of the negotiation; anything else is told as ASP.NET tells it, in a 200. */
function negotiate(request: FastifyRequest, parts: SharpFaasParts, tokens: NegotiatedTokens): object {
  const principal = parts.authorize(request, 'run');
  const asked = new Parameters(request.url).given('negotiateVersion') ?? '0';
  if (!/^\d{1,9}$/.test(asked)) return { error: `The client requested an invalid protocol version '${asked.slice(0, 100)}'` };
  const availableTransports = [{ transport: 'WebSockets', transferFormats: ['Text'] }];
  const token = tokens.make(principal);
  if (asked === '0') return { negotiateVersion: 0, connectionId: token, availableTransports };
  const connectionId = randomBytes(16).toString('base64url');
  return { negotiateVersion: 1, connectionId, connectionToken: token, availableTransports };
}

/** Who connects: by a token, if one is given, and by a credential, if one is sent; both must be the same caller's. */
async function findCaller(request: FastifyRequest, parts: SharpFaasParts, tokens: NegotiatedTokens): Promise<Negotiated> {
  const token = new Parameters(request.url).given('id');
  if (token === undefined) return parts.authorize(request, 'run');
  const negotiated = await tokens.take(token);
  if (negotiated === null) throw new LanewayError('connection_not_found');
  const own = ownPrincipal(request, parts);
  if (own !== null && own.keyId !== null && own.keyId !== negotiated.keyId) throw new LanewayError('connection_not_found');
  return negotiated;
}

function ownPrincipal(request: FastifyRequest, parts: SharpFaasParts): Principal | null {
  try {
    return parts.authorize(request, 'run');
  } catch (error) {
    if (error instanceof LanewayError && error.code === 'key_missing') return null;
    throw error;
  }
}

/** One call: the caller's right is asked for each time, since a key may be revoked while its connection lasts. */
function start(
  call: FunctionCall,
  sink: StreamSink,
  { request, caller, parts }: { request: FastifyRequest; caller: Negotiated; parts: SharpFaasParts },
) {
  const { function: functionName, lane } = call;
  const principal = parts.authorizeKey(caller.keyId, 'run', { function: functionName, lane });
  const build = () =>
    buildRunRequest(
      {
        ...call,
        source: 'hub',
        callerId: new Parameters(request.url).text('callerId'),
        keyId: principal.keyId,
        entryFile: null,
        invocation: {
          url: request.originalUrl.split('?', 1)[0]!,
          headers: withoutCredentials(request.headers),
          parameters: parametersOf(request, call),
        },
      },
      parts.encryptionKey,
    );
  return streamRun(build, sink, parts);
}

/** What a function finds as its parameters: those of the connection, and the call's own words. */
function parametersOf(request: FastifyRequest, call: FunctionCall): Record<string, string> {
  const { id: _token, access_token: _credential, token: _key, ...own } = new Parameters(request.url).forFunction();
  return { ...own, functionName: call.function, lane: call.lane, version: call.version };
}
