import { CommanderError } from 'commander';
import { exitCode, type ExitCode } from './exit-code.js';
import { createProgram } from './program.js';

/** Finds the command in the arguments and carries it out. Throws what the command throws. */
export async function carryOut(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ExitCode> {
  let code: ExitCode = exitCode.ok;
  const program = createProgram(environment, (ended) => (code = ended));
  try {
    if (args.length === 0) program.help({ error: true });
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed help, version or what is wrong with the arguments itself.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    throw error;
  }
}
