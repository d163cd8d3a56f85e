import fs from 'node:fs';
import { Socket } from 'node:net';
import type { FetchMessage, FromWorker, RunMessage, ToWorker } from '../messages.js';
import { encodeFrame, FrameReader } from './frames.js';
import { RunServer } from './serve-runs.js';

// Taken before a function can put something else in its place.
const { writeSync } = fs;
const fromServer = 3;
const toServer = 4;

/** Runs that came and were not begun. */
const ready: (RunMessage | FetchMessage)[] = [];
const server = new RunServer({ send: writeMessage, takeNext: () => ready.shift() ?? null });
const reader = new FrameReader(2 ** 32, (message) => receive(message as ToWorker));
const input = new Socket({ fd: fromServer, readable: true, writable: false });
input.on('data', (bytes: Buffer) => reader.push(bytes));
// The server is gone: nothing of this group may stay.
input.on('close', () => process.kill(0, 'SIGKILL'));
input.on('error', () => process.kill(0, 'SIGKILL'));

function receive(message: ToWorker): void {
  if (message.type === 'run' || message.type === 'fetch') ready.push(message);
  else if (message.type === 'recall') writeMessage({ type: 'recalled', runs: ready.splice(0).length });
  else server.handle(message);
  server.serve();
}

/**
 * The descriptor blocks, on purpose: what was said before `process.exit` or a crash has arrived, in order, and a
 * function that says more than the server takes is slowed down instead of filling memory.
 */
function writeMessage(message: FromWorker): void {
  const frame = encodeFrame(message);
  for (let sent = 0; sent < frame.length;) sent += writeSync(toServer, frame, sent);
}
