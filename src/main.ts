import { pino, type Logger } from 'pino';
import { announceServer } from './announce-server.js';
import { buildApp, type App } from './app.js';
import { closeInherited } from './close-inherited.js';
import { type Config, ConfigError, readConfig } from './config.js';
import { handleEndSignals } from './end-signals.js';
import { messageOf } from './errors.js';

/**
 * The process: reads the settings, starts the app, prints where it listens, and ends it on SIGTERM or SIGINT.
 * What a person should read goes to stdout, the log to stderr. Throws ConfigError for a wrong setting.
 */
export async function serve(environment: Environment): Promise<void> {
  closeInherited();
  const config = readConfig(environment);
  const log = createLogger(config);
  const starting = start(config, environment, log);
  endOnSignals(log, starting);
  await starting;
}

type Environment = Record<string, string | undefined>;
type Close = () => Promise<void>;

async function start(config: Config, environment: Environment, log: Logger): Promise<Close> {
  const app = await build(config, log);
  const url = await listen(app, config);
  const forget = await announceServer(app, { config, environment, log });
  console.log(`laneway listening on ${url}`);
  console.log(`isolation of functions: ${app.isolation}`);
  if (app.firstKey.isNew) console.log(firstSteps(url, app.firstKey.token!));
  return async () => {
    await forget();
    await app.close();
  };
}

async function build(config: Config, log: Logger): Promise<App> {
  try {
    return await buildApp(config, log);
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

function createLogger(config: Config): Logger {
  const options = { level: config.LOG_LEVEL, base: null };
  if (process.stderr.isTTY) {
    return pino({ ...options, transport: { target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname' } } });
  }
  return pino(options, pino.destination({ dest: 2, sync: false, minLength: 4096, periodicFlush: 100 }));
}

/** The first signal drains, a second one ends the process at once. */
function endOnSignals(log: Logger, starting: Promise<Close>): void {
  let signals = 0;
  const end = async (signal: string) => {
    signals += 1;
    if (signals > 1) process.exit(130);
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
