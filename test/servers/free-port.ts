import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that the kernel gives to connections and to servers that choose none: a server that is away must not come back
 * to a port that somebody else got meanwhile, and who tries to reach it must not get connected to itself.
 */
const first = 12_000;
const count = 20_000;

/** A port of 127.0.0.1 that was free a moment ago, for servers that can't choose one themselves. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = first + Math.floor(Math.random() * count);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.listen(port, '127.0.0.1');
  if (!(await listening)) return false;
  server.close();
  await once(server, 'close');
  return true;
}
