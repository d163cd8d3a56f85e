import { exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

/** Starts a server in this process; the only command that loads the server's code. Resolves while it goes on serving. */
export async function run(_args: readonly string[], _options: object, session: Session): Promise<ExitCode> {
  const { serve } = await import('../../main.js');
  await serve(session.environment);
  return exitCode.ok;
}
