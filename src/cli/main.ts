import type { ExitCode } from './exit-code.js';
import { explainError } from './explain-error.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The command `fas`: carries the arguments out and resolves with the exit code. */
export async function runCommandLine(args: readonly string[], environment: Environment): Promise<ExitCode> {
  endQuietlyWithReader();
  try {
    return await (args.length === 1 && args[0] === 'serve' ? serve(environment) : carryOut(args, environment));
  } catch (error) {
    return printError(error, args.includes('--json'));
  }
}

/** A server is to be there soon, and there is nothing to be parsed: the other commands need not be loaded for it. */
async function serve(environment: Environment): Promise<ExitCode> {
  const [{ run }, { Session }] = await Promise.all([import('./commands/serve.js'), import('./session.js')]);
  return run([], {}, new Session(environment, {}));
}

async function carryOut(args: readonly string[], environment: Environment): Promise<ExitCode> {
  const { carryOut: parseAndCarryOut } = await import('./carry-out.js');
  return parseAndCarryOut(args, environment);
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
