import { CommandError, exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

/** Starts a server in this process; the only command that loads the server's code. Resolves while it goes on serving. */
export async function run(_args: readonly string[], _options: object, session: Session): Promise<ExitCode> {
  const { serve } = await import('../../main.js');
  try {
    await serve(session.environment);
  } catch (error) {
    if (error instanceof Error && error.name === 'ConfigError') throw new CommandError(exitCode.usage, error.message);
    throw error;
  }
  return exitCode.ok;
}
