import { connect, type Socket } from 'node:net';

/**
 * Opens event streams of runs and only listens. Run as a process of its own:
 * `node idle-followers.js URL KEY COUNT RUN...`, prints a line once all are answered.
 */
const [address = '', key = '', count = '', ...runs] = process.argv.slice(2);
const { hostname, port } = new URL(address);
const connectionsAtOnce = 100;

function follow(run: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const head = [
      `GET /api/v1/runs/${run}/events HTTP/1.1`,
      `host: ${hostname}`,
      `authorization: Bearer ${key}`,
      'accept: text/event-stream',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    socket.once('data', (data) => {
      const status = data.toString('latin1').slice(9, 12);
      if (status === '200') resolve(socket.resume());
      else reject(new Error(`a follower was answered ${status}`));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('a follower was cut off')));
  });
}

let opened = 0;
const openSome = async () => {
  while (opened < Number(count)) await follow(runs[(opened += 1) % runs.length]!);
};
await Promise.all(Array.from({ length: connectionsAtOnce }, openSome));
console.log('following');
