import type { RunAnswer } from '../../client/answers.js';
import { followRun } from '../../client/follow-run.js';
import { CommandError, exitCode, type ExitCode } from '../exit-code.js';
import { runIdPattern } from '../../contract/words.js';
import type { Session } from '../session.js';

interface LogsOptions {
  follow?: boolean;
}

/** Prints a run's log so far, or until the run has ended. */
export async function run([id = '']: readonly string[], options: LogsOptions, session: Session): Promise<ExitCode> {
  const runId = id.toLowerCase();
  if (!new RegExp(runIdPattern).test(runId)) {
    throw new CommandError(exitCode.usage, `${JSON.stringify(id)} is not the id of a run`, 'give the id that `fas run` printed');
  }
  const client = await session.connect();
  if (!options.follow) {
    const log = await client.text('GET', `/api/v1/runs/${runId}/log`);
    process.stdout.write(session.json ? `${JSON.stringify({ id: runId, log })}\n` : log);
    return exitCode.ok;
  }
  // Asked first, so that an unknown run or an absent server is told at once.
  await client.request<RunAnswer>('GET', `/api/v1/runs/${runId}`);
  const ended = await followRun(client, runId, (event) => {
    if (session.json) session.print(JSON.stringify(event));
    else if (event.kind === 'log') process.stdout.write(event.text);
  });
  session.note(`run ${runId} ${ended.state}${ended.reason ? ` (${ended.reason})` : ''}`);
  return exitCode.ok;
}
