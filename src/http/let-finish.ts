import type { IncomingMessage } from 'node:http';

/** How long a client that was answered early may go on sending. */
const lingerMs = 5000;

/**
 * After an answer that did not wait for the whole body: the rest is read and thrown away for a while, because a client that is
 * cut off while it sends often never reads the answer. Then the connection is cut.
 */
export function letFinish(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const cut = setTimeout(() => request.destroy(), lingerMs);
  cut.unref();
  const done = () => clearTimeout(cut);
  request.once('end', done).once('close', done);
  request.on('error', done);
  request.resume();
}
