import { once } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpExchange } from '../contract/executor.js';
import { LanewayError } from '../errors.js';
import type { SyncAnswer } from '../runs/sync-calls.js';
import { answer } from './answer-errors.js';

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
const keyInside = /lw_[A-Za-z0-9]{8,32}_/;

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
  out.once('close', cancel);
  const { outcome } = await bridged.run({
    method: request.method,
    url: `${request.protocol}://${request.headers.host ?? 'localhost'}${request.raw.url ?? '/'}`,
    headers: forwardedHeaders(request),
    body: request.method === 'GET' || request.method === 'HEAD' ? null : request.raw,
    onHead: (status, headers) => {
      reply.hijack();
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
    const details = {
      run_id: bridged.runId,
      reason: outcome.reason,
      message: outcome.message,
      exit_code: outcome.exitCode ?? null,
    };
    return answer(new LanewayError(`run_${outcome.reason}`, details), request, reply);
  }
  // A body that was cut off must not look complete.
  if (outcome.ok) out.end();
  else out.destroy();
  return reply;
}

function forwardedHeaders(request: FastifyRequest): [string, string][] {
  const { rawHeaders } = request.raw;
  const headers: [string, string][] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    const value = rawHeaders[index + 1]!;
    if (hopByHop.has(name) || keyHeaders.has(name) || keyInside.test(value)) continue;
    if (name === 'authorization' && (request.principal?.keyId ?? null) !== null) continue;
    headers.push([name, value]);
  }
  return headers;
}

function answerHeaders(headers: readonly (readonly [string, string])[]): [string, string][] {
  return headers.filter(([name]) => !hopByHop.has(name.toLowerCase())).map(([name, value]) => [name, value]);
}
