import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { FirstKey } from './access/first-key.js';
import type { Config } from './config.js';
import type { Bus } from './contract/bus.js';
import type { FunctionStore } from './contract/store.js';
import type { Seams } from './open-parts.js';
import { Opened } from './opened.js';
import { openRecords } from './records/open-records.js';
import type { Runs } from './runs/open-runs.js';
import type { ProbedConfinement } from './runtime/confinement/open-confinement.js';

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
  const confinement = probeConfinement(config);
  // A start that fails leaves no probe behind.
  opened.add({ close: async () => void (await confinement) });
  // The records open in a thread of their own while the rest of the server is loaded.
  const loading = loadRest();
  loading.catch(() => {});
  const records = opened.add(await openRecords({ dataFolder: config.DATA, databaseUrl: config.DATABASE_URL }));
  const { openParts, registerRoutes } = await loading;
  const parts = await openParts(config, log, { opened, seams, records, confinement });
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
    isolation: parts.isolation,
    async listen() {
      const address = await server.listen({ host: config.HOST, port: config.PORT });
      return config.PUBLIC_URL ?? address;
    },
    close: () => opened.closeAll(),
  };
}

/** It takes as long as a start of Node, which goes on beside everything else. */
async function probeConfinement(config: Config): Promise<ProbedConfinement> {
  const [{ openConfinement }, { confinementOptions }] = await Promise.all([
    import('./runtime/confinement/open-confinement.js'),
    import('./policies.js'),
  ]);
  return openConfinement(confinementOptions(config));
}

async function loadRest() {
  const [{ openParts }, { registerRoutes }] = await Promise.all([import('./open-parts.js'), import('./register-routes.js')]);
  return { openParts, registerRoutes };
}
