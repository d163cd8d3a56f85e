import { resolve } from 'node:path';
import { ConfigError } from './config/config-error.js';
import type { Setting } from './config/setting.js';
import { settings } from './config/settings.js';
import { readTracing, type TracingSettings } from './config/tracing-settings.js';

export { ConfigError };

type Settings = typeof settings;
/** Every setting by its name without `LANEWAY_`, read, checked and with defaults filled in. */
export type Config = { readonly [Name in keyof Settings]: Settings[Name] extends Setting<infer Value> ? Value : never } & {
  /** By OpenTelemetry's own variables; null when traces are not exported. */
  readonly TRACING: TracingSettings | null;
};

/** The only reader of the environment. Throws ConfigError for the first wrong setting, or unknown one of `LANEWAY_`. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  refuseUnknown(environment);
  const read = Object.entries<Setting<unknown>>(settings).map(([name, setting]) => [name, readOne(name, setting, environment)]);
  const config = { ...Object.fromEntries(read), TRACING: readTracing(environment) } as Config;
  refuseContradictions(config);
  return { ...config, DATA: resolve(config.DATA), STORE: resolve(config.STORE) };
}

function readOne(name: string, setting: Setting<unknown>, environment: Record<string, string | undefined>): unknown {
  const given = environment[`LANEWAY_${name}`];
  const text = given === undefined || given === '' ? setting.fallback : given;
  if (text === null) return null;
  const value = setting.read(text);
  if (value === undefined) throw new ConfigError(`LANEWAY_${name} must be ${setting.rule}, not ${shown(text, setting)}`);
  return value;
}

/** A secret that breaks its rule is not written to a terminal or log either. */
function shown(text: string, setting: Setting<unknown>): string {
  return setting.secret ? `what was given (${text.length} characters, not shown)` : JSON.stringify(text.slice(0, 200));
}

/** Names that the command `fas` reads: a shell that has them set can start a server all the same. */
const clientNames: readonly string[] = ['LANEWAY_URL', 'LANEWAY_KEY'];

function refuseUnknown(environment: Record<string, string | undefined>): void {
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('LANEWAY_') || name.slice(8) in settings || clientNames.includes(name)) continue;
    throw new ConfigError(`${name} must be one of the settings in docs/configuration.md, not an unknown name`);
  }
}

function refuseContradictions(config: Config): void {
  for (const name of ['MIN_ISOLATION', 'DEFAULT_ISOLATION'] as const) {
    const level = config[name];
    if (level !== 'sandbox') continue;
    throw new ConfigError(`LANEWAY_${name} must be thread, process or confined on this release, not "${level}"`);
  }
  if (config.SERVER_PROCESSES > 1) {
    const missing = (['REDIS_URL', 'DATABASE_URL'] as const).filter((name) => config[name] === null);
    if (missing.length > 0) {
      const names = missing.map((name) => `LANEWAY_${name}`).join(' and ');
      throw new ConfigError(`LANEWAY_SERVER_PROCESSES must be 1 without ${names}, not ${config.SERVER_PROCESSES}`);
    }
  }
  if (config.FTP_CA !== null && config.FTP_URL === null) {
    throw new ConfigError(
      `LANEWAY_FTP_CA must be set together with LANEWAY_FTP_URL, not alone (${JSON.stringify(config.FTP_CA)})`,
    );
  }
  if (config.MEMORY_MB > config.MAX_MEMORY_MB) {
    throw new ConfigError(
      `LANEWAY_MEMORY_MB must be at most LANEWAY_MAX_MEMORY_MB (${config.MAX_MEMORY_MB}), not ${config.MEMORY_MB}`,
    );
  }
}
