import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { App } from './app.js';
import { announceLocally } from './client/local-server.js';
import type { Config } from './config.js';

interface Announcing {
  config: Config;
  environment: Readonly<Record<string, string | undefined>>;
  log: Logger;
  /** The server is there as long as this process is. */
  pid: number;
}

/** Lets `fas` of the same user find a listening app; the answer takes that back. A server runs as well without. */
export async function announceServer(app: App, { config, environment, log, pid }: Announcing): Promise<() => Promise<void>> {
  const address = app.server.server.address() as AddressInfo;
  const server = { url: localUrl(address), port: address.port, dataFolder: config.DATA, keyFile: app.firstKey.file };
  try {
    return await announceLocally(server, environment, pid);
  } catch (error) {
    log.debug({ err: error }, 'fas will not find this server by itself: the state folder of this user can not be written');
    return async () => {};
  }
}

/** Where a command on this machine reaches it: not every address to listen on is one to connect to. */
function localUrl({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`;
  return family === 'IPv6' ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}
