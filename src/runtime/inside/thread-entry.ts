import { workerData, type MessagePort } from 'node:worker_threads';
import type { FetchMessage, FromWorker, RunMessage, ToWorker } from '../messages.js';
import { Ring } from './ring.js';
import { RunServer } from './serve-runs.js';
import { readRun, writeResult } from './short-messages.js';

interface Ways {
  port: MessagePort;
  toWorker: SharedArrayBuffer;
  toServer: SharedArrayBuffer;
}

// Ways of its own: what a function does with `parentPort` reaches nobody.
const { port, toWorker, toServer } = workerData as Ways;
for (const name of Object.keys(workerData as object)) (workerData as Record<string, null>)[name] = null;
// Taken before a function can put something else in its place.
const later = setImmediate;

const inbox = new Ring(toWorker);
const outbox = new Ring(toServer);
/** Of the messages by port, so that each side takes texts and messages in the order in which they were sent. */
let heard = 0;
let sent = 0;
const byPort: (RunMessage | FetchMessage)[] = [];
let looksLater = false;

const server = new RunServer({ send, takeNext });
port.on('message', (message: ToWorker | 0) => {
  if (message !== 0) receive(message);
  server.serve();
});
restSoon();

function receive(message: ToWorker): void {
  // What was sent before it comes first.
  server.serve();
  heard += 1;
  if (message.type === 'run' || message.type === 'fetch') byPort.push(message);
  else server.handle(message);
}

function takeNext(): RunMessage | FetchMessage | null {
  const text = byPort.length === 0 ? inbox.take(heard) : null;
  if (text !== null) return readRun(text);
  const message = byPort.shift() ?? null;
  if (message === null) restSoon();
  return message;
}

/** One more look first: to be woken costs the server more than looking costs here. */
function restSoon(): void {
  if (looksLater) return;
  looksLater = true;
  later(() => {
    looksLater = false;
    if (server.isFree && (inbox.nextMark() === heard || !inbox.rest())) server.serve();
  });
}

function send(message: FromWorker): void {
  const text = writeResult(message);
  if (text !== null && outbox.write(text, sent)) {
    if (outbox.mustWake()) port.postMessage(0);
    return;
  }
  sent += 1;
  if (message.type !== 'body') return port.postMessage(message);
  // A view would be sent with the whole buffer behind it, so bytes go as a copy of their own.
  const data = new Uint8Array(message.data);
  port.postMessage({ ...message, data }, [data.buffer]);
}
