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

const leastLookMs = 50;
const mostLookMs = 5000;

/**
 * Cuts a connection on which nothing moved for so long: one that is kept alive for nothing, or whose client does not take its
 * answer. A quiet one that waits for its answer stays: a function may take longer. Looks at all connections now and then; a
 * timer for each, set anew by every request, costs more than a look.
 */
export function cutStalled(server: Server, timeoutMs: number): void {
  const seen = new Map<Socket, { bytes: number; movedAt: number }>();
  server.on('connection', (socket: Socket) => {
    seen.set(socket, { bytes: 0, movedAt: performance.now() });
    socket.once('close', () => seen.delete(socket));
  });
  // From then on it is a WebSocket, which has a watch of its own.
  server.on('upgrade', (_request, socket: Socket) => seen.delete(socket));
  const look = () => {
    const now = performance.now();
    for (const [socket, last] of seen) {
      // What waits to be sent has not moved.
      const bytes = socket.bytesRead + socket.bytesWritten - socket.writableLength;
      if (bytes !== last.bytes) {
        last.bytes = bytes;
        last.movedAt = now;
      } else if (now - last.movedAt >= timeoutMs && (answerOn(socket) === null || socket.writableLength > 0)) socket.destroy();
    }
  };
  const timer = setInterval(look, Math.min(Math.max(timeoutMs / 4, leastLookMs), mostLookMs)).unref();
  server.on('close', () => clearInterval(timer));
}

/** The answer under way on a connection. Node tells it in no other way. */
export function answerOn(socket: Socket): ServerResponse | null {
  return (Reflect.get(socket, '_httpMessage') as ServerResponse | null | undefined) ?? null;
}
