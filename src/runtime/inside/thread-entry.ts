import { workerData, type MessagePort } from 'node:worker_threads';
import type { FromWorker, ToWorker } from '../messages.js';
import { RunServer } from './serve-runs.js';

// A port of its own: what a function does with `parentPort` reaches nobody.
const { port } = workerData as { port: MessagePort };
(workerData as { port: MessagePort | null }).port = null;
const server = new RunServer({ send: post });
port.on('message', (message: ToWorker) => server.handle(message));

/** A view would be sent with the whole buffer behind it, so bytes go as a copy of their own. */
function post(message: FromWorker): void {
  if (message.type !== 'body') return port.postMessage(message);
  const data = new Uint8Array(message.data);
  port.postMessage({ ...message, data }, [data.buffer]);
}
