import { once } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { carriesKey } from '../access/credentials.js';
import type { HttpExchange } from '../contract/executor.js';
import { LanewayError } from '../errors.js';
import type { SyncAnswer } from '../runs/sync-calls.js';
import { answer } from './answer-errors.js';
import { runFailure } from './run-failure.js';

/** Headers that belong to one connection, not to the exchange. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);
/** Where a caller's own key may be; any other header with a key inside is left out by its value. */
const keyHeaders = new Set(['x-api-key', 'token', 'x-laneway-lane', 'x-laneway-version']);
/** What this server says of the exchange itself; a function can not say otherwise. */
const ownHeaders = new Set(['x-request-id', 'x-run-id']);

export interface BridgedRun {
  runId: string;
  run: (exchange: HttpExchange) => Promise<SyncAnswer>;
  cancel: (id: string, waitMs?: number) => Promise<unknown>;
}

/** Carries an HTTP exchange to a function that speaks `fetch`, both bodies streamed; a client that goes away cancels the run. */
export async function bridgeExchange(request: FastifyRequest, reply: FastifyReply, bridged: BridgedRun): Promise<FastifyReply> {
  const { raw: out } = reply;
  const cancel = () => {
    // It may have ended in this very moment.
    if (!out.writableFinished) bridged.cancel(bridged.runId, 0).catch(() => undefined);
  };
  const url = urlOf(request);
  out.once('close', cancel);
  const { outcome } = await bridged.run({
    method: request.method,
    url,
    headers: forwardedHeaders(request),
    body: request.method === 'GET' || request.method === 'HEAD' ? null : request.raw,
    onHead: (status, headers) => {
      reply.hijack();
      // A body that is longer or shorter than it says would be read as part of the next answer on this connection.
      out.strictContentLength = true;
      out.writeHead(status, [...answerHeaders(headers), ['x-run-id', bridged.runId]].flat());
    },
    onChunk: async (chunk) => {
      if (!out.write(chunk) && !out.destroyed) await Promise.race([once(out, 'drain'), once(out, 'close')]);
    },
  });
  out.off('close', cancel);
  if (!reply.sent) {
    if (outcome.ok) throw new LanewayError('internal');
    reply.header('x-run-id', bridged.runId);
    return answer(runFailure(bridged.runId, outcome), request, reply);
  }
  // A body that was cut off must not look complete.
  if (!outcome.ok || !ends(out)) out.destroy();
  return reply;
}

/** False when the body is shorter than its head said. */
function ends(out: FastifyReply['raw']): boolean {
  try {
    out.end();
    return true;
  } catch {
    return false;
  }
}

/** Throws `bad_request` when the client names a host that is none. */
function urlOf(request: FastifyRequest): string {
  const target = request.raw.url ?? '/';
  // A client that takes this server for its proxy sends the whole URL.
  const url = target.startsWith('/') ? `${request.protocol}://${request.headers.host ?? 'localhost'}${target}` : target;
  if (!URL.canParse(url)) throw new LanewayError('bad_request', { problem: 'its Host header is no host' });
  return url;
}

function forwardedHeaders(request: FastifyRequest): [string, string][] {
  const { rawHeaders } = request.raw;
  const headers: [string, string][] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    const value = rawHeaders[index + 1]!;
    if (hopByHop.has(name) || keyHeaders.has(name) || carriesKey(value)) continue;
    if (name === 'authorization' && (request.principal?.keyId ?? null) !== null) continue;
    headers.push([name, value]);
  }
  return headers;
}

function answerHeaders(headers: readonly (readonly [string, string])[]): [string, string][] {
  const kept = headers.filter(([name]) => !hopByHop.has(name.toLowerCase()) && !ownHeaders.has(name.toLowerCase()));
  return kept.map(([name, value]) => [name, value]);
}
