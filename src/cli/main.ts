import { CommanderError } from 'commander';
import { exitCode, type ExitCode } from './exit-code.js';
import { explainError } from './explain-error.js';
import { createProgram } from './program.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The command `fas`: carries the arguments out and resolves with the exit code. */
export async function runCommandLine(args: readonly string[], environment: Environment): Promise<ExitCode> {
  endQuietlyWithReader();
  let code: ExitCode = exitCode.ok;
  const program = createProgram(environment, (ended) => (code = ended));
  try {
    if (args.length === 0) program.help({ error: true });
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed help, version or what is wrong with the arguments itself.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    return printError(error, args.includes('--json'));
  }
}

function printError(error: unknown, json: boolean): ExitCode {
  const { exitCode, code, message, next } = explainError(error);
  const lines = json ? [JSON.stringify({ error: { code, message, next } })] : [`fas: ${message}`, ...(next ? [`  ${next}`] : [])];
  process.stderr.write(`${lines.join('\n')}\n`);
  return exitCode;
}

/** `fas list | head` closes the pipe early: no reason for a stack trace. */
function endQuietlyWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
