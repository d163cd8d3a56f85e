import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import Fastify from 'fastify';

/**
 * What the machine gives without Laneway: fastify alone, or fastify in front of two warm workers that do the same work,
 * threads by MessagePort or children by unix socket. No key, no limit, no record, no recovery.
 * Run as a process of its own: `node bare-fastify.js alone|threads|children`, prints the URL.
 */
type Answer = (text: string) => void;

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

function threadWorkers(): (payload: string, answer: Answer) => void {
  const waiting = new Map<number, Answer>();
  const workers = [0, 1].map(() => {
    const worker = new Worker(echoInThread, { eval: true });
    worker.on('message', ([id, text]: [number, string]) => {
      waiting.get(id)!(text);
      waiting.delete(id);
    });
    return worker;
  });
  let next = 0;
  return (payload, answer) => {
    waiting.set(++next, answer);
    workers[next % 2]!.postMessage([next, payload]);
  };
}

function childWorkers(): (payload: string, answer: Answer) => void {
  const waiting = new Map<number, Answer>();
  const sockets = [0, 1].map(() => {
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
    return socket;
  });
  let next = 0;
  return (payload, answer) => {
    waiting.set(++next, answer);
    sockets[next % 2]!.write(`${next} ${payload}\n`);
  };
}

const manners = {
  alone: () => (payload: string, answer: Answer) => answer(JSON.stringify(JSON.parse(payload))),
  threads: threadWorkers,
  children: childWorkers,
};
const manner = process.argv[2];
if (manner !== 'alone' && manner !== 'threads' && manner !== 'children') throw new Error('say alone, threads or children');

const work = manners[manner]();
const app = Fastify();
app.removeAllContentTypeParsers();
app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
app.post('/function/echo', (request, reply) => {
  work(request.body as string, (text) => void reply.type('application/json; charset=utf-8').send(text));
});
console.log(`listening on ${await app.listen({ port: 0, host: '127.0.0.1' })}`);
