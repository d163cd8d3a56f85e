import { type Config, ConfigError, readConfig } from '../config.js';
import { CommandError, exitCode } from './exit-code.js';
import type { Session } from './session.js';

/** The settings of a server whose records are embedded, for commands that work on its folders. */
export function readEmbedded(environment: Session['environment']): Config {
  const config = read(environment);
  if (config.DATABASE_URL === null) return config;
  throw new CommandError(
    exitCode.usage,
    'LANEWAY_DATABASE_URL is set: the records lie in PostgreSQL, not in the data folder',
    'back up and restore them with pg_dump and pg_restore, the versions with a copy of the FTP server, and keep LANEWAY_SECRET_KEY',
  );
}

function read(environment: Session['environment']): Config {
  try {
    return readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(exitCode.usage, error.message);
    throw error;
  }
}
