import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { FirstKey } from './access/first-key.js';
import type { Config } from './config.js';
import type { Bus } from './contract/bus.js';
import type { FunctionStore } from './contract/store.js';
import { Opened } from './opened.js';
import { openParts, type Seams } from './open-parts.js';
import { describeIsolation } from './policies.js';
import { registerRoutes } from './register-routes.js';
import type { Runs } from './runs/open-runs.js';

export interface App {
  readonly server: FastifyInstance;
  readonly firstKey: FirstKey;
  readonly runs: Runs;
  readonly store: FunctionStore;
  readonly bus: Bus;
  /** How functions that ask for no level are isolated here, and why no better: a line for people. */
  readonly isolation: string;
  /** Starts taking requests; resolves with the URL. */
  listen(): Promise<string>;
  /** clean-drain: stops intake, finishes or hands back what runs, and closes everything in the reverse order of its making. */
  close(): Promise<void>;
}

/** Builds the whole server by hand, in order. What was opened is closed again when a later part fails to open. */
export async function buildApp(config: Config, log: Logger, seams: Seams = {}): Promise<App> {
  const opened = new Opened(log);
  try {
    return await build(config, log, { opened, seams });
  } catch (error) {
    await opened.closeAll();
    throw error;
  }
}

async function build(config: Config, log: Logger, { opened, seams }: { opened: Opened; seams: Seams }): Promise<App> {
  const parts = await openParts(config, log, { opened, seams });
  const { server, access, runs, store, bus } = parts;
  await registerRoutes(config, parts);
  await server.ready();
  await runs.start();

  return {
    server,
    firstKey: access.firstKey,
    runs,
    store,
    bus,
    isolation: describeIsolation(config, parts.confinement),
    async listen() {
      const address = await server.listen({ host: config.HOST, port: config.PORT });
      return config.PUBLIC_URL ?? address;
    },
    close: () => opened.closeAll(),
  };
}
