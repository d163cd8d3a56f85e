import type { AddressInfo } from 'node:net';
import { pino, type Logger } from 'pino';
import { announceServer } from './announce-server.js';
import { buildApp, type App } from './app.js';
import { closeInherited } from './close-inherited.js';
import { type Config, ConfigError, readConfig } from './config.js';
import { handleEndSignals } from './end-signals.js';
import { messageOf } from './errors.js';
import type { Membership } from './processes/membership.js';
import { shareBudgets } from './processes/share-budgets.js';

/**
 * The process: reads the settings, starts the app, prints where it listens, and ends it on SIGTERM or SIGINT.
 * What a person should read goes to stdout, the log to stderr. Throws ConfigError for a wrong setting.
 * One of several processes has a membership, and leaves what is said for all of them to its parent.
 */
export async function serve(environment: Environment, membership: Membership | null = null): Promise<void> {
  closeInherited();
  const whole = readConfig(environment);
  const config = membership === null ? whole : shareBudgets(whole);
  const log = createLogger(config, membership);
  const starting = start({ config, environment, log, membership });
  endOnSignals(log, starting, membership === null);
  await starting;
}

interface Starting {
  config: Config;
  environment: Environment;
  log: Logger;
  membership: Membership | null;
}

type Environment = Record<string, string | undefined>;
type Close = () => Promise<void>;

async function start({ config, environment, log, membership }: Starting): Promise<Close> {
  const app = await build(config, log, membership);
  const url = await listen(app, config);
  // Commands find the parent: it is there when one of its processes is not.
  const pid = membership?.parentPid ?? process.pid;
  const forget = await announceServer(app, { config, environment, log, pid });
  const steps = app.firstKey.isNew ? firstSteps(url, app.firstKey.token!) : null;
  if (membership === null) {
    console.log(`laneway listening on ${url}`);
    console.log(`isolation of functions: ${app.isolation}`);
    if (steps !== null) console.log(steps);
  } else {
    const { port } = app.server.server.address() as AddressInfo;
    membership.listening({
      url,
      port,
      count: config.SERVER_PROCESSES,
      drainMs: config.DRAIN,
      isolation: app.isolation,
      firstSteps: steps,
    });
  }
  return async () => {
    await forget();
    await app.close();
  };
}

async function build(config: Config, log: Logger, membership: Membership | null): Promise<App> {
  try {
    return await buildApp(config, log, membership === null ? {} : { membership });
  } catch (error) {
    throw explainFolder(error, config);
  }
}

async function listen(app: App, config: Config): Promise<string> {
  try {
    return await app.listen();
  } catch (error) {
    await app.close();
    throw explainListen(error as NodeJS.ErrnoException, config);
  }
}

function explainListen(error: NodeJS.ErrnoException, { HOST, PORT }: Config): Error {
  if (error.code === 'EADDRINUSE') {
    return new ConfigError(`LANEWAY_PORT must be a free port, not ${PORT}: something listens on ${HOST}:${PORT} already`);
  }
  if (error.code === 'EACCES') return new ConfigError(`LANEWAY_PORT must be a port this user may listen on, not ${PORT}`);
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
    return new ConfigError(`LANEWAY_HOST must be an address of this machine, not ${HOST}`);
  }
  return error;
}

/** A folder that can't be made or written to is told by its setting. */
function explainFolder(error: unknown, { DATA, STORE }: Config): unknown {
  const { path } = error as NodeJS.ErrnoException;
  if (typeof path !== 'string') return error;
  const [name, folder] = path.startsWith(STORE) ? ['STORE', STORE] : ['DATA', DATA];
  if (!path.startsWith(folder)) return error;
  return new ConfigError(`LANEWAY_${name} must be a folder that can be written to, not ${folder}: ${messageOf(error)}`);
}

function createLogger(config: Config, membership: Membership | null): Logger {
  const options = { level: config.LOG_LEVEL, base: membership === null ? null : { process: membership.number } };
  if (process.stderr.isTTY) {
    return pino({ ...options, transport: { target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname' } } });
  }
  const destination = { dest: 2, sync: false, minLength: 4096, periodicFlush: 100 };
  return pino(options, pino.destination(membership === null ? destination : { ...destination, ...oneAtATime }));
}

/** Of several processes that write to one pipe each write is whole up to this size, and holds whole lines. */
const oneAtATime = { minLength: 0, maxWrite: 4096 };

/** The first signal drains, a second one ends the process at once; one of several may get the same signal twice. */
function endOnSignals(log: Logger, starting: Promise<Close>, secondForces: boolean): void {
  let signals = 0;
  const end = async (signal: string) => {
    signals += 1;
    if (signals > 1 && secondForces) process.exit(130);
    if (signals > 1) return;
    log.info(`${signal}: closing`);
    try {
      const close = await starting;
      await close();
    } catch (error) {
      log.error({ err: error }, `closing failed: ${messageOf(error)}`);
      process.exitCode = 1;
    }
    log.flush(() => process.exit());
  };
  handleEndSignals((signal) => void end(signal));
}

/** Printed once, at the first start: the key is shown nowhere else but in its file. */
function firstSteps(url: string, key: string): string {
  return ['', `admin key: ${key}`, 'try it:', `  curl -H 'Authorization: Bearer ${key}' ${url}/api/v1/functions`, ''].join('\n');
}
