import type { Server, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const longestHeadersMs = 60_000;
const longestCheckMs = 30_000;

/** How long a request may take to arrive, as Node wants to be told: it looks at all connections now and then. */
export function arrivalLimits(requestTimeoutMs: number): ServerOptions {
  return {
    headersTimeout: Math.min(longestHeadersMs, requestTimeoutMs),
    connectionsCheckingInterval: Math.min(longestCheckMs, requestTimeoutMs),
  };
}

/**
 * Cuts a connection on which nothing moved for the server's timeout: one that is kept alive for nothing, or whose client does
 * not take its answer. A quiet one that waits for its answer stays: a function may take longer.
 */
export function cutStalled(server: Server): void {
  server.on('timeout', (socket) => {
    if (answerOn(socket) === null || socket.writableLength > 0) socket.destroy();
  });
}

/** The answer under way on a connection. Node tells it in no other way. */
export function answerOn(socket: Socket): ServerResponse | null {
  return (Reflect.get(socket, '_httpMessage') as ServerResponse | null | undefined) ?? null;
}
