import { CommandError, exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

/** Starts a server in this process; the only command that loads the server's code. Resolves while it goes on serving. */
export async function run(_args: readonly string[], options: { processes?: string }, session: Session): Promise<ExitCode> {
  const { processes = session.environment['LANEWAY_SERVER_PROCESSES'] ?? '' } = options;
  const environment = { ...session.environment, LANEWAY_SERVER_PROCESSES: processes };
  if (processes !== '' && processes !== '1') {
    const { serveProcesses } = await import('../../processes/serve-processes.js');
    serveProcesses(environment);
    return exitCode.ok;
  }
  const { serve } = await import('../../main.js');
  try {
    await serve(environment);
  } catch (error) {
    if (error instanceof Error && error.name === 'ConfigError') throw new CommandError(exitCode.usage, error.message);
    throw error;
  }
  return exitCode.ok;
}
