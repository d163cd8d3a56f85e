import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * How many workers the machine itself starts a second: each is started, given one message, answers it and is ended before its
 * place is filled again. Children either plain or in bubblewrap with namespaces of their own.
 * Run as a process of its own: `node bare-workers.js threads|children|confined PLACES SECONDS`, prints the rate.
 */
const inThread = `require('node:worker_threads').parentPort.on('message', function (text) { this.postMessage(text) });`;
const inChild = `process.stdin.on('data', (data) => process.stdout.write(data));`;
const namespaces = ['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--unshare-all', '--die-with-parent'];

async function oneThread(): Promise<void> {
  const worker = new Worker(inThread, { eval: true });
  worker.postMessage('{"n":1}');
  await once(worker, 'message');
  await worker.terminate();
}

async function oneChild(command: string, before: string[] = []): Promise<void> {
  const child = spawn(command, [...before, '-e', inChild], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  child.stdin.write('{"n":1}\n');
  const answered = await Promise.race([once(child.stdout, 'data'), ended.then(() => null)]);
  if (answered === null) throw new Error(`${command} ended without an answer`);
  child.kill('SIGKILL');
  await ended;
}

const manners: Record<string, () => Promise<void>> = {
  threads: oneThread,
  children: () => oneChild(process.execPath),
  confined: () => oneChild('bwrap', [...namespaces, process.execPath]),
};
const [manner = '', places = '', seconds = ''] = process.argv.slice(2);
const one = manners[manner];
if (one === undefined) throw new Error(`say ${Object.keys(manners).join(', ')}`);

const started = performance.now();
const until = started + Number(seconds) * 1000;
let count = 0;
const fillPlace = async () => {
  while (performance.now() < until) {
    await one();
    count += 1;
  }
};
await Promise.all(Array.from({ length: Number(places) }, fillPlace));
console.log(`rate ${(count / (performance.now() - started)) * 1000}`);
