import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import Fastify from 'fastify';

/**
 * What the machine gives without Laneway: fastify alone, or fastify in front of two warm workers that do the same work,
 * threads by MessagePort or children by unix socket. No key, no limit, no record, no recovery. A worker gets any number of
 * messages at once; with `one`, like a worker of Laneway, the next when it has answered.
 * Run as a process of its own: `node bare-fastify.js alone|threads|children [one]`, prints the URL.
 */
type Answer = (text: string) => void;
type Send = (payload: string, answer: Answer) => void;

const echoInThread = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', ([id, payload]) => parentPort.postMessage([id, JSON.stringify(JSON.parse(payload))]));
`;

const echoInChild = `
  const socket = new (require('node:net').Socket)({ fd: 3, readable: true, writable: true });
  let rest = '';
  socket.on('data', (data) => {
    const lines = (rest + data).split('\\n');
    rest = lines.pop();
    let out = '';
    for (const line of lines) {
      const space = line.indexOf(' ');
      out += line.slice(0, space) + ' ' + JSON.stringify(JSON.parse(line.slice(space + 1))) + '\\n';
    }
    socket.write(out);
  });
`;

function threadWorkers(): Send[] {
  return [0, 1].map(() => {
    const waiting = new Map<number, Answer>();
    let last = 0;
    const worker = new Worker(echoInThread, { eval: true });
    worker.on('message', ([id, text]: [number, string]) => {
      waiting.get(id)!(text);
      waiting.delete(id);
    });
    return (payload, answer) => {
      waiting.set(++last, answer);
      worker.postMessage([last, payload]);
    };
  });
}

function childWorkers(): Send[] {
  return [0, 1].map(() => {
    const waiting = new Map<number, Answer>();
    let last = 0;
    const child = spawn(process.execPath, ['-e', echoInChild], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
    const socket = child.stdio[3] as Socket;
    let rest = '';
    socket.setEncoding('utf8').on('data', (data: string) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        const space = line.indexOf(' ');
        const id = Number(line.slice(0, space));
        waiting.get(id)!(line.slice(space + 1));
        waiting.delete(id);
      }
    });
    return (payload, answer) => {
      waiting.set(++last, answer);
      socket.write(`${last} ${payload}\n`);
    };
  });
}

function inTurn(workers: Send[]): Send {
  let next = 0;
  return (payload, answer) => workers[++next % workers.length]!(payload, answer);
}

/** First come, first served: a free worker takes the one that waits longest. */
function oneAtATime(workers: Send[]): Send {
  const free = [...workers];
  const line: [string, Answer][] = [];
  const work = (worker: Send, payload: string, answer: Answer) =>
    worker(payload, (text) => {
      const next = line.shift();
      if (next === undefined) free.push(worker);
      else work(worker, ...next);
      answer(text);
    });
  return (payload, answer) => {
    const worker = free.pop();
    if (worker === undefined) line.push([payload, answer]);
    else work(worker, payload, answer);
  };
}

const manners: Record<string, () => Send[]> = {
  alone: () => [(payload, answer) => answer(JSON.stringify(JSON.parse(payload)))],
  threads: threadWorkers,
  children: childWorkers,
};
const [manner = '', way] = process.argv.slice(2);
const workers = manners[manner]?.();
if (workers === undefined) throw new Error(`say ${Object.keys(manners).join(' or ')}`);

const work = (way === 'one' ? oneAtATime : inTurn)(workers);
const app = Fastify();
app.removeAllContentTypeParsers();
app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
app.post('/function/echo', (request, reply) => {
  work(request.body as string, (text) => void reply.type('application/json; charset=utf-8').send(text));
});
console.log(`listening on ${await app.listen({ port: 0, host: '127.0.0.1' })}`);
