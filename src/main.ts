import { pino, type Logger } from 'pino';
import { buildApp, type App } from './app.js';
import { type Config, ConfigError, readConfig } from './config.js';
import { messageOf } from './errors.js';

/**
 * The process: reads the settings, starts the app, prints where it listens, and ends it on SIGTERM or SIGINT.
 * What a person should read goes to stdout, the log to stderr.
 */
export async function serve(environment: Record<string, string | undefined>): Promise<void> {
  const config = configOrExit(environment);
  const log = createLogger(config);
  endOnSignals(log, start(config, log));
}

async function start(config: Config, log: Logger): Promise<App> {
  try {
    const app = await buildApp(config, log);
    const url = await app.listen();
    console.log(`laneway listening on ${url}`);
    if (app.firstKey.isNew) console.log(firstSteps(url, app.firstKey.token!));
    return app;
  } catch (error) {
    log.debug({ err: error }, 'start failed');
    console.error(`laneway can not start: ${messageOf(error)}`);
    process.exit(1);
  }
}

function configOrExit(environment: Record<string, string | undefined>): Config {
  try {
    return readConfig(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}

function createLogger(config: Config): Logger {
  const options = { level: config.LOG_LEVEL, base: null };
  if (process.stderr.isTTY) {
    return pino({ ...options, transport: { target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname' } } });
  }
  return pino(options, pino.destination({ dest: 2, sync: false, minLength: 4096, periodicFlush: 100 }));
}

/** The first signal drains, a second one ends the process at once. */
function endOnSignals(log: Logger, starting: Promise<App>): void {
  let signals = 0;
  const end = async (signal: string) => {
    signals += 1;
    if (signals > 1) process.exit(130);
    log.info(`${signal}: closing`);
    try {
      await (await starting).close();
    } catch (error) {
      log.error({ err: error }, `closing failed: ${messageOf(error)}`);
      process.exitCode = 1;
    }
    log.flush(() => process.exit());
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(signal));
}

/** Printed once, at the first start: the key is shown nowhere else but in its file. */
function firstSteps(url: string, key: string): string {
  return ['', `admin key: ${key}`, 'try it:', `  curl -H 'Authorization: Bearer ${key}' ${url}/api/v1/functions`, ''].join('\n');
}
