import { CommandError, exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

/** Starts a server in this process; the only command that loads the server's code. */
export async function run(_args: readonly string[], _options: object, session: Session): Promise<ExitCode> {
  const { serve } = (await import(serverModule)) as { serve: (environment: Session['environment']) => Promise<void> };
  try {
    await serve(session.environment);
  } catch (error) {
    // A wrong setting is told in one line; anything else needs its stack.
    if (error instanceof Error && error.name === 'ConfigError') throw new CommandError(exitCode.usage, error.message);
    throw error;
  }
  return exitCode.ok;
}

const serverModule = new URL('../../main.js', import.meta.url).href;
